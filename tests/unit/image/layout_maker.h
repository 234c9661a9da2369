/* SPDX-License-Identifier: Apache-2.0 */
/* layout_maker.h - OCI image layouts made in memory, as an archive, right or wrong on purpose. */
#pragma once

#include "image/layout.h"
#include "image/sha256.h"
#include "tarball.h"

struct maker {
	struct buf tar, diff_ids, layers; /* the archive; lists of the documents */
	struct digest manifest, config;
	size_t manifest_size, config_size;
};

static inline struct maker maker_new(void)
{
	return (struct maker){ .tar = TARBALL, .diff_ids = BUF(1u << 20), .layers = BUF(1u << 20) };
}

static inline void maker_end(struct maker *m)
{
	buf_done(&m->tar);
	buf_done(&m->diff_ids);
	buf_done(&m->layers);
}

#define scoped_maker SCOPED(maker_end) struct maker

static inline struct digest maker_blob(struct maker *m, const void *data, size_t n)
{
	struct digest d;
	char path[128];

	assert_int_equal(0, sha256_of(data, n, &d, NULL));
	(void)snprintf(path, sizeof path, "blobs/sha256/%s", d.hex);
	tarball_add(&m->tar, (struct tar_entry){ '0', path, .data = data, .size = n });
	return d;
}

/* A layer: its archive is ended here. */
static inline void maker_layer(struct maker *m, struct buf *layer)
{
	const char *comma = m->layers.len ? "," : "";
	struct digest d;

	tarball_end(layer);
	d = maker_blob(m, layer->p, layer->len);
	(void)buf_putf(&m->diff_ids, "%s\"sha256:%s\"", comma, d.hex);
	(void)buf_putf(&m->layers, "%s{\"mediaType\":\"" MEDIA_OCI_LAYER "\",\"digest\":\"sha256:%s\",\"size\":%zu}",
		       comma, d.hex, layer->len);
}

static inline void maker_documents(struct maker *m, const char *os)
{
	scoped_buf text = BUF(1u << 20);

	(void)buf_putf(&text,
		       "{\"architecture\":\"amd64\",\"os\":\"%s\",\"config\":{\"Cmd\":[\"sh\"]},\"rootfs\":{\"type\":"
		       "\"layers\",\"diff_ids\":[%s]}}",
		       os, m->diff_ids.p ? m->diff_ids.p : "");
	m->config_size = text.len;
	m->config = maker_blob(m, text.p, text.len);
	buf_reset(&text);
	(void)buf_putf(&text,
		       "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"config\":{\"mediaType\":"
		       "\"" MEDIA_OCI_CONFIG "\",\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[%s]}",
		       m->config.hex, m->config_size, m->layers.p ? m->layers.p : "");
	m->manifest_size = text.len;
	m->manifest = maker_blob(m, text.p, text.len);
}

static inline void maker_index(struct maker *m, const char *name)
{
	scoped_buf text = BUF(1u << 20);

	(void)buf_putf(&text,
		       "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":"
		       "\"sha256:%s\",\"size\":%zu,\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}}]}",
		       m->manifest.hex, m->manifest_size, name);
	tarball_add(&m->tar, (struct tar_entry){ '0', "oci-layout", .data = "{\"imageLayoutVersion\":\"1.0.0\"}" });
	tarball_add(&m->tar, (struct tar_entry){ '0', "index.json", .data = text.p });
	tarball_end(&m->tar);
}

static inline int maker_open(const struct maker *m, int content, struct layout **ret, struct err *e)
{
	struct tarball_reader reader = { m->tar.p, m->tar.len, 0 };

	return layout_open_archive((struct byte_source){ tarball_read, &reader }, content, ret, e);
}
