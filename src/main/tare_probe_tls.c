/* SPDX-License-Identifier: Apache-2.0 */
/* tare-probe-tls - what tare-probe does, by HTTPS too; only started for that, as it loads OpenSSL. As the kubelet does it, the
 * certificate is nobody's concern, and no name is sent: a probe asks an address. */
#include "main/probe_program.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>

static SSL_CTX *context;
static SSL *connection;

/* Go's word for the commonest of them: a server that speaks something else */
static const char *reason(void)
{
	unsigned long code = ERR_get_error();
	const char *text = ERR_reason_error_string(code);

	if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
		return "first record does not look like a TLS handshake";
	return text ? text : "unknown error";
}

static int failed(int rc, const char *what, struct err *e)
{
	int saved = errno, kind = connection ? SSL_get_error(connection, rc) : SSL_ERROR_SSL;

	if (kind == SSL_ERROR_ZERO_RETURN || (kind == SSL_ERROR_SYSCALL && !saved))
		return err_set(e, EPROTO, "EOF");
	errno = saved;
	return kind == SSL_ERROR_SYSCALL ? err_sys(e, "%s", what) : err_set(e, EPROTO, "tls: %s", reason());
}

static void end(void)
{
	SSL_free(connection);
	SSL_CTX_free(context);
	connection = NULL;
	context = NULL;
}

/* Nobody relies on what it protects: whatever the server's keys are, it is asked. */
static int begin(int sock, struct err *e)
{
	static const unsigned char protocols[] = "\x08http/1.1";
	int r;

	if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
		return failed(0, "", e);
	context = SSL_CTX_new(TLS_client_method());
	if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION))
		return failed(0, "", e);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(context, 0);
	(void)SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF); /* as many servers end */
	connection = SSL_new(context);
	if (!connection || SSL_set_alpn_protos(connection, protocols, sizeof protocols - 1) != 0 ||
	    !SSL_set_fd(connection, sock))
		return failed(0, "", e);
	errno = 0;
	r = SSL_connect(connection);
	return r == 1 ? 0 : failed(r, "tls handshake", e);
}

static int send_all(const void *p, size_t n, struct err *e)
{
	int r;

	errno = 0;
	r = SSL_write(connection, p, (int)n); /* below 64 KiB */
	return r > 0 ? 0 : failed(r, "write", e);
}

static ssize_t receive(void *p, size_t n, struct err *e)
{
	int r;

	errno = 0;
	r = SSL_read(connection, p, (int)n);
	return r > 0 ? r : SSL_get_error(connection, r) == SSL_ERROR_ZERO_RETURN ? 0 : failed(r, "read", e);
}

int main(int argc, char **argv)
{
	static const struct probe_tls tls = { begin, send_all, receive, end };
	static const struct probe_asker by = { .tls = &tls };

	(void)signal(SIGPIPE, SIG_IGN);
	return probe_program(&by, argc, argv);
}
