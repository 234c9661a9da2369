/* SPDX-License-Identifier: Apache-2.0 */
/* One container of `tare ps` as Docker's fields. */
#include "cli/ps.h"

#include "cli/human.h"

#include <string.h>

enum field {
	F_COMMAND,
	F_CREATED_AT,
	F_ID,
	F_IMAGE,
	F_LABELS,
	F_LOCAL_VOLUMES,
	F_MOUNTS,
	F_NAMES,
	F_NETWORKS,
	F_PORTS,
	F_RUNNING_FOR,
	F_SIZE,
	F_STATE,
	F_STATUS,
	FIELDS
};

static const struct listing_field field_rows[] = {
	[F_COMMAND] = { "Command", { "COMMAND", 8, 3 } },
	[F_CREATED_AT] = { "CreatedAt", { "CREATED AT" } },
	[F_ID] = { "ID", { "CONTAINER ID" } },
	[F_IMAGE] = { "Image", { "IMAGE", 12 } },
	[F_LABELS] = { "Labels", { "LABELS" } },
	[F_LOCAL_VOLUMES] = { "LocalVolumes", { "LOCAL VOLUMES" } },
	[F_MOUNTS] = { "Mounts", { "MOUNTS" } },
	[F_NAMES] = { "Names", { "NAMES", 40 } },
	[F_NETWORKS] = { "Networks", { "NETWORKS" } },
	[F_PORTS] = { "Ports", { "PORTS", 8, 1 } },
	[F_RUNNING_FOR] = { "RunningFor", { "CREATED", 10, 4 } },
	[F_SIZE] = { "Size", { "SIZE", 6, 2 } },
	[F_STATE] = { "State", { "STATE" } },
	[F_STATUS] = { "Status", { "STATUS", 12 } },
};

static const unsigned char columns[] = { F_ID, F_IMAGE, F_COMMAND, F_RUNNING_FOR, F_STATUS, F_PORTS, F_NAMES, F_SIZE };

const struct listing_kind ps_kind = { field_rows, FIELDS, columns, sizeof columns - 1, F_ID };
const struct listing_kind ps_kind_size = { field_rows, FIELDS, columns, sizeof columns, F_ID };

/* Docker shows the first 20 characters of the whole, and quotes them. */
static const char *command_text(const struct container_view *v, bool whole, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < v->entrypoint.n + v->command.n && text; i++) {
		const char *word = i < v->entrypoint.n ? v->entrypoint.v[i] : v->command.v[i - v->entrypoint.n];

		text = arena_fmt(a, "%s%s%.4000s", text, *text ? " " : "", word);
	}
	if (!text)
		return NULL;
	return !whole && strlen(text) > 20 ? arena_fmt(a, "\"%.19s…\"", text) : arena_fmt(a, "\"%s\"", text);
}

static const char *status_text(const struct container_view *v, int64_t now, struct arena *a)
{
	const struct outcome *o = &v->state.outcome;
	char text[HUMAN_SIZE];

	switch (v->state.status) {
	case CONTAINER_CREATED:
		return "Created";
	case CONTAINER_RUNNING:
		return arena_fmt(a, "Up %s", human_duration(now - o->started_ns, text));
	case CONTAINER_PAUSED:
		return arena_fmt(a, "Up %s (Paused)", human_duration(now - o->started_ns, text));
	case CONTAINER_RESTARTING:
		return arena_fmt(a, "Restarting (%d) %s ago", o->exit_code, human_duration(now - o->finished_ns, text));
	case CONTAINER_EXITED:
		return arena_fmt(a, "Exited (%d) %s ago", o->exit_code, human_duration(now - o->finished_ns, text));
	case CONTAINER_REMOVING:
		return "Removal In Progress";
	case CONTAINER_DEAD:
		return "Dead";
	}
	return "";
}

static const char *labels_text(const struct oci_pairs *l, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < l->n && text; i++)
		text = arena_fmt(a, "%s%s%s=%s", text, i ? "," : "", l->v[i].key, l->v[i].value);
	return text;
}

/* Volumes by name, binds by source; Docker cuts a long one to 15 characters. */
static const char *add_mount(const char *text, const char *name, bool whole, struct arena *a)
{
	if (!text)
		return NULL;
	return !whole && strlen(name) > 15 ? arena_fmt(a, "%s%s%.14s…", text, *text ? "," : "", name) :
					     arena_fmt(a, "%s%s%s", text, *text ? "," : "", name);
}

static const char *mounts_text(const struct ps_item *i, bool whole, struct arena *a)
{
	const struct container_config *c = &i->view.config;
	const char *text = "";

	for (size_t k = 0; k < i->volumes.n; k++)
		text = add_mount(text, i->volumes.v[k].name, whole, a);
	for (size_t k = 0; k < c->mounts.n; k++)
		if (c->mounts.v[k].type == MOUNT_BIND)
			text = add_mount(text, c->mounts.v[k].source, whole, a);
	return text;
}

static const char *size_text(const struct ps_item *i, struct arena *a)
{
	char own[HUMAN_SIZE], root[HUMAN_SIZE];

	return arena_fmt(a, "%s (virtual %s)", human_bytes(i->size_own, own), human_bytes(i->size_root, root));
}

static const char *add_port(const char *text, const struct port_mapping *m, const char *host, struct arena *a)
{
	bool range = m->last != m->first;

	if (!text)
		return NULL;
	if (!range)
		return arena_fmt(a, "%s%s%s:%u->%u/%s", text, *text ? ", " : "", host, m->host_first, m->first,
				 port_protocol_name(m->protocol));
	return arena_fmt(a, "%s%s%s:%u-%u->%u-%u/%s", text, *text ? ", " : "", host, m->host_first, m->host_last,
			 m->first, m->last, port_protocol_name(m->protocol));
}

static const char *ports_text(const struct rules_ports *ports, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < ports->n; i++) {
		const struct rules_port *p = &ports->v[i];
		char host[SUBNET_TEXT], six[SUBNET_TEXT + 2];
		bool any = !p->map.host.family;

		(void)net_ip_print(&p->map.host, host);
		(void)snprintf(six, sizeof six, "[%s]", any ? "::" : host);
		if (any || p->map.host.family == AF_INET)
			text = add_port(text, &p->map, any ? "0.0.0.0" : host, a);
		if (p->to6.family && (any || p->map.host.family == AF_INET6))
			text = add_port(text, &p->map, six, a);
	}
	return text;
}

/* NULL: there was no memory for it */
void ps_fields(const struct ps_item *i, bool whole, int64_t now, struct arena *a, const char **ret)
{
	const struct container_view *v = &i->view;
	char text[HUMAN_SIZE], ago[HUMAN_SIZE];

	ret[F_COMMAND] = command_text(v, whole, a);
	ret[F_CREATED_AT] = arena_str(a, human_time(v->row.created_ns, text));
	ret[F_ID] = whole ? v->row.id : arena_fmt(a, "%.*s", ID_SHORT, v->row.id);
	ret[F_IMAGE] = v->row.image_ref ? v->row.image_ref : v->config.rootfs ? v->config.rootfs : "";
	ret[F_LABELS] = labels_text(&v->config.labels, a);
	ret[F_LOCAL_VOLUMES] = arena_fmt(a, "%zu", i->volumes.n);
	ret[F_MOUNTS] = mounts_text(i, whole, a);
	ret[F_NAMES] = v->row.name;
	ret[F_NETWORKS] = v->config.network_mode ? v->config.network_mode : "none";
	ret[F_PORTS] = ports_text(&i->ports, a);
	ret[F_RUNNING_FOR] = arena_fmt(a, "%s ago", human_duration(now - v->row.created_ns, ago));
	ret[F_SIZE] = size_text(i, a);
	ret[F_STATE] = container_status_name(v->state.status);
	ret[F_STATUS] = status_text(v, now, a);
}
