/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_template.c - templates of any text, and documents of any text: the input is the one, and then the other. */
#include "base/scope.h"
#include "engine/document.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void as_template(struct sv text)
{
	scoped_buf out = BUF(1 << 20);
	struct document *d;
	struct err e = { 0 };

	require(document_parse(SV("{\"A\":{\"B\":[1,\"x\",null,{\"C\":true}]},\"L\":{\"k.v\":\"w\"},\"N\":null}"), &d,
			       NULL) == 0);
	if (document_template(d, text, &out, &e) < 0)
		require(e.msg[0]);
	document_free(d);
}

/* What is printed parses again, and prints the same. */
static void as_document(struct sv text)
{
	scoped_buf once = BUF(1 << 22), twice = BUF(1 << 22), go = BUF(1 << 22);
	struct document *d, *again;

	if (document_parse(text, &d, NULL) < 0)
		return;
	(void)document_template(d, SV("{{.}}{{len .}}"), &go, NULL);
	if (document_print(d, true, 0, &once, NULL) == 0) {
		require(document_parse(buf_sv(&once), &again, NULL) == 0);
		require(document_print(again, true, 0, &twice, NULL) == 0);
		require(once.len == twice.len && memcmp(once.p, twice.p, once.len) == 0);
		document_free(again);
	}
	document_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sv text = { (const char *)data, size };

	as_template(text);
	as_document(text);
	return 0;
}
