/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/names.h"

#include "base/sv.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_label(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alphanumeric(s.p[i]) && (s.p[i] != '-' || i == 0 || i + 1 == s.n))
			return false;
	return s.n > 0;
}

const char *name_is_label(const char *name)
{
	struct sv s = sv_from(name);

	if (s.n > 63)
		return "must be no more than 63 characters";
	return is_label(s) ?
		       NULL :
		       "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
		       "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
		       "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
}

const char *name_is_subdomain(const char *name)
{
	struct sv rest = sv_from(name), label;
	bool good = rest.n && name[rest.n - 1] != '.';

	if (rest.n > 253)
		return "must be no more than 253 characters";
	while (good && rest.n && sv_next(&rest, '.', &label))
		good = is_label(label);
	return good ? NULL :
		      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
		      "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation "
		      "is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
}

const char *name_is_search(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n && !name[n] && n <= 253 ? NULL : "must be a domain name";
}

const char *name_is_address(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1 ?
		       NULL :
		       "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
}

const char *name_is_inner_path(const char *path)
{
	struct sv rest = sv_from(path), part;

	while (sv_next(&rest, '/', &part))
		if (sv_is(part, ".."))
			return "must not contain '..'";
	return path[0] == '/' ? "must be a relative path" : NULL;
}
