/* SPDX-License-Identifier: Apache-2.0 */
/* cni.h - networks of others: the container network interface 1.0, https://www.cni.dev/docs/spec/. A list of plugins, each a
 * program that gets its configuration as JSON and its orders as variables.
 *
 * A container with `--network cni:NAME` has one attachment, eth0. It is made between clone and execve (a createRuntime hook of
 * the container's, `tare _cni`), and taken back at the end of its life, or by whoever finds that it has ended. What is
 * attached is known from a file as libcni keeps it, <cache>/results/NAME-ID-eth0, which is written before the first
 * plugin is called: so whatever dies when, DEL is called. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/sv.h"
#include "spec/config.h"
#include "engine/engine.h"
#include "engine/network_ports.h"
#include "engine/settings.h"
#include "kernel/net_link.h"

#include <sys/types.h>

#define CNI_PREFIX "cni:"
#define CNI_IFNAME "eth0"

struct json_object;

/* cni_name - of a network mode; NULL: another mode */
const char *cni_name(const char *mode);

/* ---- documents: cni_document.c ---------------------------------------------------------------------------------------- */

struct cni_list {
	struct json_object *json; /* the whole list */
	const char *name, *version; /* in it */
	size_t plugins;
};
/* cni_list_parse - a configuration list; one plugin's configuration becomes a list of one. -EINVAL, -E2BIG. Free with
 * cni_list_done(). Pure. */
int cni_list_parse(struct sv text, struct cni_list *ret, struct err *e);
void cni_list_done(struct cni_list *l);

#define CNI_MAC 18

struct cni_result {
	struct net_ip ips[LIMIT_CNI_ADDRESSES];
	size_t n;
	struct net_ip gateway4, gateway6; /* of the first address of that family; family 0: none was told */
	char mac[CNI_MAC];                /* of the container's interface; "": was not told */
};
/* cni_result_parse - what the last plugin of ADD said. -EINVAL, -E2BIG. Pure. */
int cni_result_parse(struct sv text, struct cni_result *ret, struct err *e);
/* cni_error_text - of a plugin that failed: "msg: details", on one line; what it is not, as it is. Pure. */
void cni_error_text(struct sv said, struct buf *out);

/* cni_capabilities - (cni_capabilities.c) what the runtime knows, for plugins that have the capability: an object of portMappings,
 * bandwidth; the caller puts it. -EINVAL */
int cni_capabilities(const struct container_config *c, struct arena *a, struct json_object **ret, struct err *e);
/* cni_plugin_config - what the i-th plugin gets. previous: NULL: none */
int cni_plugin_config(const struct cni_list *l, size_t i, struct json_object *capabilities,
		      struct json_object *previous, struct buf *out, const char **ret_type, struct arena *a,
		      struct err *e);
int cni_json(struct sv text, struct json_object **ret, struct err *e); /* one value, with ceilings */

/* ---- one call: cni_plugin.c -------------------------------------------------------------------------------------------------- */

#define CNI_PLUGIN_SECONDS 60 /* for one call of one plugin: then it is killed with all that it has started */

struct cni_call {
	const char *type, *command; /* "bridge", "ADD" */
	const char *id, *netns;     /* of the container; NULL: of none, there is none any more */
	const char *bin_dir;
	const struct buf *config;
};
/* cni_plugin_run - said: what it wrote to standard output, at most its ceiling. -ENOPKG: no such plugin, -ETIMEDOUT, -E2BIG,
 * -EIO: it failed, and e says what it said. */
int cni_plugin_run(const struct cni_call *c, struct arena *a, struct buf *said, struct err *e);

/* ---- attachments: cni.c --------------------------------------------------------------------------------------------------- */

/* cni_check_create - before a container is made: the network is there, and its ports are such as can be mapped. -ENOENT, -EINVAL */
int cni_check_create(const struct container_config *c, const struct settings *s, struct arena *a, struct err *e);
/* cni_put_hook - into the specification: whoever makes the container calls `tare _cni`. */
struct creation;
int cni_put_hook(struct creation *cr, struct err *e);
/* cni_hook - what that does: state is what hooks are told on standard input */
int cni_hook(struct engine *en, struct sv state, struct err *e);
/* cni_add - netns: path. An attachment of an earlier life is taken back first; after a failure nothing is left. */
int cni_add(struct engine *en, const char *id, const char *netns, struct err *e);
/* cni_check - CHECK of all plugins, unless the list says disableCheck. -ENOENT: it is not attached */
int cni_check(struct engine *en, const char *id, const char *netns, struct err *e);
/* cni_del - whatever is attached of this container; nothing is success. netns: NULL: it is gone */
int cni_del(struct engine *en, const char *id, const char *netns, struct err *e);
/* cni_collect - attachments of containers of this engine that are not there any more are taken back, each as well as it can be:
 * the first error counts. *ret_n: how many were */
int cni_collect(struct engine *en, unsigned *ret_n, struct err *e);
/* cni_ports - what the plugins were asked to publish for it; nothing when it is not attached */
int cni_ports(struct engine *en, const char *id, struct arena *a, struct rules_ports *ret, struct err *e);
/* cni_result_of - the addresses of a container that is attached. -ENOENT */
int cni_result_of(struct engine *en, const char *id, struct cni_result *ret, struct err *e);
