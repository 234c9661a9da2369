/* SPDX-License-Identifier: Apache-2.0 */
/* A volume as `docker volume inspect` shows it. */
#include "engine/volume.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/json.h"

static void put_pairs(struct buf *b, const char *key, const struct oci_pairs *pairs)
{
	buf_putf(b, ",\"%s\":", key);
	if (!pairs->n) {
		buf_puts(b, "null");
		return;
	}
	for (size_t i = 0; i < pairs->n; i++) {
		buf_puts(b, i ? "," : "{");
		json_put_text(b, sv_from(pairs->v[i].key));
		buf_puts(b, ":");
		json_put_text(b, sv_from(pairs->v[i].value));
	}
	buf_puts(b, "}");
}

int volume_document(struct engine *en, const struct volume_row *row, struct arena *a, struct document **ret,
		    struct err *e)
{
	const char *path = volume_path(en, row->name, a);
	scoped_buf b = BUF(LIMIT_CONFIG_JSON);
	struct volume_options o;
	char time[RFC3339_SIZE];
	int r = path ? volume_options_parse(row->options, a, &o, e) : err_oom(e);

	if (r < 0)
		return r;
	buf_putf(&b, "{\"CreatedAt\":\"%s\",\"Driver\":\"local\"", clock_rfc3339(row->created_ns, time));
	put_pairs(&b, "Labels", &o.labels);
	buf_puts(&b, ",\"Mountpoint\":");
	json_put_text(&b, sv_from(path));
	buf_puts(&b, ",\"Name\":");
	json_put_text(&b, sv_from(row->name));
	put_pairs(&b, "Options", &o.options);
	buf_puts(&b, ",\"Scope\":\"local\"}");
	r = buf_status(&b, e);
	return r < 0 ? r : document_parse(buf_sv(&b), ret, e);
}
