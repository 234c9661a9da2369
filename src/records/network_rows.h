/* SPDX-License-Identifier: Apache-2.0 */
/* network_rows.h - the rows of networks, of containers' places in them, and of published ports. network.h gives them their
 * meaning. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "records/db.h"

#include <stdbool.h>
#include <stdint.h>

struct network_row {
	const char *id, *name, *driver, *device;
	int64_t created_ns;
	const char *subnet4, *gateway4, *range4, *subnet6, *gateway6; /* NULL: none */
	const char *options;                                          /* JSON */
	int64_t next4; /* where a free place is looked for first; not written by insert */
};

struct network_rows {
	struct network_row *v;
	size_t n;
};

#define PLACE_NONE INT64_C(-1) /* no address of this family */

struct place_row {
	const char *container_id, *network_id;
	int64_t number; /* in the order in which it joined */
	const char *host, *device, *mac;
	int64_t at4, at6; /* offsets in the subnets */
	int64_t priority;
	const char *aliases; /* parted by blanks */
};

struct place_rows {
	struct place_row *v;
	size_t n;
};

struct port_row {
	const char *container_id;
	int64_t protocol;
	const char *host; /* address; "": all */
	int64_t host_first, host_last, first;
};

struct port_rows {
	struct port_row *v;
	size_t n;
};

/* ---- networks --------------------------------------------------------------------------------------------------- */

/* network_rows_insert - -EEXIST: name or id are taken. */
int network_rows_insert(struct db *db, const struct network_row *row, struct err *e);
/* network_rows_find - by name, id, or the unique beginning of one. 1: found; 0: not; -EINVAL: several begin so. */
int network_rows_find(struct db *db, struct sv ref, struct arena *a, struct network_row *ret, struct err *e);
int network_rows_list(struct db *db, struct arena *a, struct network_rows *ret,
		      struct err *e); /* in order of creation */
/* network_rows_delete - *ret_deleted false: somebody has a place in it. */
int network_rows_delete(struct db *db, const char *id, bool *ret_deleted, struct err *e);

/* ---- places: inside the transaction of whoever takes one ------------------------------------------------------------ */

/* network_rows_gap - the first free offset from `from` on, up to `last`. 1: found; 0: none. six: in the second subnet. */
int network_rows_gap(struct db *db, const char *network, bool six, int64_t from, int64_t last, int64_t *ret,
		     struct err *e);
/* network_rows_take - -EEXIST: an address or the host's interface is somebody else's. next: where to look first next time;
 * PLACE_NONE: as before. */
int network_rows_take(struct db *db, const struct place_row *place, int64_t next, struct err *e);
int network_rows_leave(struct db *db, const char *container, const char *network, struct err *e);
/* network_rows_places - of a container (by number) or of a network (by container); NULL: of all of them. */
int network_rows_places(struct db *db, const char *container, const char *network, struct arena *a,
			struct place_rows *ret, struct err *e);
/* network_rows_joined - those of a container by number, each with its network. */
int network_rows_joined(struct db *db, const char *container, struct arena *a, struct place_rows *ret,
			struct network_rows *ret_nets, struct err *e);

/* ---- ports ------------------------------------------------------------------------------------------------------- */

int network_rows_publish(struct db *db, const struct port_row *port, struct err *e);
int network_rows_unpublish(struct db *db, const char *container, struct err *e);
int network_rows_unpublish_one(struct db *db, const struct port_row *port, struct err *e);
/* network_rows_ports - of a container; NULL: of all. */
int network_rows_ports(struct db *db, const char *container, struct arena *a, struct port_rows *ret, struct err *e);
/* network_rows_ports_in - those that have a port of the host from first to last are added to ret. */
int network_rows_ports_in(struct db *db, unsigned protocol, unsigned first, unsigned last, struct arena *a,
			  struct port_rows *ret, struct err *e);

/* network_rows_forget - places and ports of a container that goes. */
int network_rows_forget(struct db *db, const char *container, struct err *e);
/* network_rows_mark - the container has something here: containers.networked. */
int network_rows_mark(struct db *db, const char *container, struct err *e);
