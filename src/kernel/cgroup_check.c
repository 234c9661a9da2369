/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_check.c - what a control file reads as, compared with what was written to it. */
#include "kernel/cgroup_priv.h"
#include "kernel/cpulist.h"

#include <ctype.h>
#include <errno.h>

static struct sv first_line(struct sv text)
{
	struct sv line, rest;

	(void)sv_cut(text, '\n', &line, &rest);
	return sv_trim(line);
}

/* "io.weight" reads as "default 100", "memory.oom_control" as "oom_kill_disable 1": the value after one word. */
static bool reads_exactly(const char *wrote, struct sv got)
{
	struct sv line = first_line(got), word, value;

	if (sv_is(line, wrote))
		return true;
	return sv_cut(line, ' ', &word, &value) && !isdigit((unsigned char)line.p[0]) && sv_is(value, wrote);
}

/* Bytes as memparse() of the kernel takes them. The largest number of whole pages is what "no limit" is in v1. */
static int bytes_parse(struct sv text, uint64_t page, uint64_t *ret)
{
	static const char suffixes[] = "KMGTPE";
	const char *suffix;
	uint64_t v;
	int shift = 0;

	if (sv_is(text, "max") || sv_is(text, "-1")) {
		*ret = UINT64_MAX;
		return 0;
	}
	suffix = text.n ? memchr(suffixes, toupper((unsigned char)text.p[text.n - 1]), sizeof suffixes - 1) : NULL;
	if (suffix) {
		shift = 10 * (int)(suffix - suffixes + 1);
		text.n--;
	}
	if (sv_u64(text, &v) < 0 || v > UINT64_MAX >> shift)
		return -EINVAL;
	v = (v << shift) & ~(page - 1);
	*ret = v >= ((uint64_t)INT64_MAX & ~(page - 1)) ? UINT64_MAX : v;
	return 0;
}

static bool reads_in_pages(const char *wrote, struct sv got)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), a, b;

	return bytes_parse(sv_from(wrote), page, &a) == 0 && bytes_parse(first_line(got), page, &b) == 0 && a == b;
}

static bool reads_as_list(const char *wrote, struct sv got)
{
	struct cpulist a, b;

	return cpulist_parse(sv_from(wrote), &a) == 0 && cpulist_parse(first_line(got), &b) == 0 && cpulist_eq(&a, &b);
}

static bool has_word(struct sv line, struct sv word)
{
	struct sv w;

	while (sv_next(&line, ' ', &w))
		if (sv_eq(w, word))
			return true;
	return false;
}

/* A device without any limit has no line. */
static bool is_no_limit(struct sv word)
{
	return sv_is(word, "0") || sv_has_suffix(word, "=max");
}

static bool reads_for_device(const char *wrote, struct sv got)
{
	struct sv device, words, word, line = { 0 };
	bool found = false;

	(void)sv_cut(sv_from(wrote), ' ', &device, &words);
	while (!found && sv_next(&got, '\n', &line)) {
		struct sv head, rest;

		(void)sv_cut(line, ' ', &head, &rest);
		found = sv_eq(head, device);
	}
	while (sv_next(&words, ' ', &word))
		if (found ? !has_word(line, word) : !is_no_limit(word))
			return false;
	return true;
}

bool cgroup_reads_as(const char *wrote, struct sv got, enum cgroup_check check)
{
	switch (check) {
	case CGROUP_CHECK_EXACT:
		return reads_exactly(wrote, got);
	case CGROUP_CHECK_PAGES:
		return reads_in_pages(wrote, got);
	case CGROUP_CHECK_CPUS:
		return reads_as_list(wrote, got);
	case CGROUP_CHECK_DEVICE:
		return reads_for_device(wrote, got);
	case CGROUP_CHECK_NONE:
		break;
	}
	return true;
}

bool cgroup_counter(struct sv text, const char *key, uint64_t *ret)
{
	struct sv line, name, value;

	while (sv_next(&text, '\n', &line))
		if (sv_cut(line, ' ', &name, &value) && sv_is(name, key) && sv_u64(sv_trim(value), ret) == 0)
			return true;
	return false;
}
