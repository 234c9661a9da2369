/* SPDX-License-Identifier: Apache-2.0 */
#include "records/network_rows.h"

#include "base/scope.h"
#include "oci/list.h"

#define NETWORK_COLUMNS \
	"id, name, driver, device, created_ns, subnet4, gateway4, range4, subnet6, gateway6, options"
#define NETWORK_ALL NETWORK_COLUMNS ", next4"
#define PLACE_COLUMNS "container_id, network_id, number, host, device, mac, at4, at6, priority, aliases"
#define PLACE_COLUMN_COUNT 10
#define PORT_COLUMNS "container_id, protocol, host, host_first, host_last, first"

static int copy_text(const struct db_rows *rows, int column, struct arena *a, const char **ret, struct err *e)
{
	const char *text = db_col_text(rows, column);

	*ret = text ? arena_str(a, text) : NULL;
	return text && !*ret ? err_oom(e) : 0;
}

/* ---- networks --------------------------------------------------------------------------------------------------- */

int network_rows_insert(struct db *db, const struct network_row *row, struct err *e)
{
	return db_run(db,
		      "INSERT INTO networks(" NETWORK_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
		      DB_ARGS(db_text(row->id), db_text(row->name), db_text(row->driver), db_text(row->device),
			      db_int(row->created_ns), db_text(row->subnet4), db_text(row->gateway4),
			      db_text(row->range4), db_text(row->subnet6), db_text(row->gateway6),
			      db_text(row->options)),
		      NULL, e);
}

/* at: where its columns begin */
static int read_network(const struct db_rows *rows, int at, struct arena *a, struct network_row *ret, struct err *e)
{
	struct network_row row = { .created_ns = db_col_int(rows, at + 4), .next4 = db_col_int(rows, at + 11) };
	const struct {
		int column;
		const char **to;
	} texts[] = { { 0, &row.id },       { 1, &row.name },     { 2, &row.driver },  { 3, &row.device },
		      { 5, &row.subnet4 },  { 6, &row.gateway4 }, { 7, &row.range4 },  { 8, &row.subnet6 },
		      { 9, &row.gateway6 }, { 10, &row.options } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (copy_text(rows, at + texts[i].column, a, texts[i].to, e) < 0)
			return -ENOMEM;
	*ret = row;
	return 0;
}

static int find_by(struct db *db, const char *sql, struct sv ref, const char *end, struct arena *a,
		   struct network_row *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, sql, DB_ARGS(db_sv(ref), db_text(end)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	r = read_network(&rows, 0, a, ret, e);
	if (r == 0)
		r = db_next(&rows, e);
	if (r == 1)
		return err_set(e, EINVAL, "network " SV_FMT " is ambiguous (2 matches found on ID prefix)",
			       SV_ARG(ref));
	return r < 0 ? r : 1;
}

int network_rows_find(struct db *db, struct sv ref, struct arena *a, struct network_row *ret, struct err *e)
{
	char end[ID_LEN + 2];
	int r = find_by(db, "SELECT " NETWORK_ALL " FROM networks WHERE name = ?1 AND ?2 IS NULL", ref, NULL, a,
			ret, e);

	if (r != 0 || ref.n == 0 || ref.n > ID_LEN)
		return r;
	(void)snprintf(end, sizeof end, SV_FMT "g", SV_ARG(ref)); /* behind everything that begins so */
	return find_by(db, "SELECT " NETWORK_ALL " FROM networks WHERE id >= ?1 AND id < ?2 LIMIT 2", ref, end, a,
		       ret, e);
}

int network_rows_list(struct db *db, struct arena *a, struct network_rows *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT " NETWORK_ALL " FROM networks ORDER BY seq", DB_NO_ARGS, &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct network_row *row = LIST_ADD(a, ret);

		r = row ? read_network(&rows, 0, a, row, e) : err_oom(e);
	}
	return r;
}

int network_rows_delete(struct db *db, const char *id, bool *ret_deleted, struct err *e)
{
	int64_t changes = 0;
	int r = db_run(db,
		       "DELETE FROM networks WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM places WHERE network_id = ?1)",
		       DB_ARGS(db_text(id)), &changes, e);

	if (r == 0)
		*ret_deleted = changes > 0;
	return r;
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

int network_rows_gap(struct db *db, const char *network, bool six, int64_t from, int64_t last, int64_t *ret,
		     struct err *e)
{
	scoped_rows rows = { 0 };
	int64_t at = from;
	int r = db_query(db,
			 six ? "SELECT at6 FROM places WHERE network_id = ?1 AND at6 >= ?2 ORDER BY at6" :
			       "SELECT at4 FROM places WHERE network_id = ?1 AND at4 >= ?2 ORDER BY at4",
			 DB_ARGS(db_text(network), db_int(from)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		if (db_col_int(&rows, 0) > at)
			break;
		at = db_col_int(&rows, 0) + 1;
		r = 0;
	}
	if (r < 0)
		return r;
	*ret = at;
	return at <= last;
}

static struct db_arg offset_arg(int64_t at)
{
	return at == PLACE_NONE ? db_text(NULL) : db_int(at);
}

int network_rows_take(struct db *db, const struct place_row *p, int64_t next, struct err *e)
{
	int64_t changes = 0;
	int r = db_run(db,
		       "INSERT INTO places(" PLACE_COLUMNS ") SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10"
		       " WHERE EXISTS (SELECT 1 FROM networks WHERE id = ?2)",
		       DB_ARGS(db_text(p->container_id), db_text(p->network_id), db_int(p->number), db_text(p->host),
			       db_text(p->device), db_text(p->mac), offset_arg(p->at4), offset_arg(p->at6),
			       db_int(p->priority), db_text(p->aliases)),
		       &changes, e);

	if (r == 0 && changes == 0)
		return err_set(e, ENOENT, "network %.12s was removed meanwhile", p->network_id);
	if (r < 0 || next == PLACE_NONE)
		return r;
	return db_run(db, "UPDATE networks SET next4 = ?2 WHERE id = ?1", DB_ARGS(db_text(p->network_id), db_int(next)),
		      NULL, e);
}

int network_rows_leave(struct db *db, const char *container, const char *network, struct err *e)
{
	return db_run(db, "DELETE FROM places WHERE container_id = ?1 AND network_id = ?2",
		      DB_ARGS(db_text(container), db_text(network)), NULL, e);
}

static int64_t offset_of(const struct db_rows *rows, int column)
{
	return db_col_text(rows, column) ? db_col_int(rows, column) : PLACE_NONE;
}

static int read_place(const struct db_rows *rows, struct arena *a, struct place_row *ret, struct err *e)
{
	struct place_row row = { .number = db_col_int(rows, 2), .priority = db_col_int(rows, 8) };
	const struct {
		int column;
		const char **to;
	} texts[] = { { 0, &row.container_id }, { 1, &row.network_id }, { 3, &row.host },
		      { 4, &row.device },       { 5, &row.mac },        { 9, &row.aliases } };

	row.at4 = offset_of(rows, 6);
	row.at6 = offset_of(rows, 7);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (copy_text(rows, texts[i].column, a, texts[i].to, e) < 0)
			return -ENOMEM;
	*ret = row;
	return 0;
}

int network_rows_places(struct db *db, const char *container, const char *network, struct arena *a,
			struct place_rows *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	const char *of = container ? container : network;
	int r = db_query(db,
			 container ? "SELECT " PLACE_COLUMNS " FROM places WHERE container_id = ?1 ORDER BY number" :
			 network   ? "SELECT " PLACE_COLUMNS
				     " FROM places WHERE network_id = ?1 ORDER BY at4, container_id" :
				     "SELECT " PLACE_COLUMNS " FROM places WHERE ?1 IS NULL",
			 DB_ARGS(db_text(of)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct place_row *row = LIST_ADD(a, ret);

		r = row ? read_place(&rows, a, row, e) : err_oom(e);
	}
	return r;
}

#define JOINED_PLACES                                                                                              \
	"SELECT container_id, network_id, number, host, p.device, mac, at4, at6, priority, aliases, "              \
	"id, name, driver, n.device, created_ns, subnet4, gateway4, range4, subnet6, gateway6, options, next4 "    \
	"FROM places p JOIN networks n ON id = network_id WHERE container_id = ?1 ORDER BY number"

int network_rows_joined(struct db *db, const char *container, struct arena *a, struct place_rows *ret,
			struct network_rows *ret_nets, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, JOINED_PLACES, DB_ARGS(db_text(container)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct place_row *place = LIST_ADD(a, ret);
		struct network_row *net = LIST_ADD(a, ret_nets);

		r = place && net ? read_place(&rows, a, place, e) : err_oom(e);
		if (r == 0)
			r = read_network(&rows, PLACE_COLUMN_COUNT, a, net, e);
	}
	return r;
}

/* ---- ports ------------------------------------------------------------------------------------------------------- */

int network_rows_publish(struct db *db, const struct port_row *p, struct err *e)
{
	return db_run(db, "INSERT INTO ports(" PORT_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
		      DB_ARGS(db_text(p->container_id), db_int(p->protocol), db_text(p->host), db_int(p->host_first),
			      db_int(p->host_last), db_int(p->first)),
		      NULL, e);
}

int network_rows_unpublish(struct db *db, const char *container, struct err *e)
{
	return db_run(db, "DELETE FROM ports WHERE container_id = ?1", DB_ARGS(db_text(container)), NULL, e);
}

int network_rows_unpublish_one(struct db *db, const struct port_row *p, struct err *e)
{
	return db_run(db,
		      "DELETE FROM ports WHERE container_id = ?1 AND protocol = ?2 AND host = ?3 AND host_first = ?4",
		      DB_ARGS(db_text(p->container_id), db_int(p->protocol), db_text(p->host), db_int(p->host_first)),
		      NULL, e);
}

static int read_ports(struct db_rows *rows, struct arena *a, struct port_rows *ret, struct err *e)
{
	int r = 0;

	while (r == 0 && (r = db_next(rows, e)) == 1) {
		struct port_row *row = LIST_ADD(a, ret);

		if (!row)
			return err_oom(e);
		*row = (struct port_row){ .protocol = db_col_int(rows, 1), .host_first = db_col_int(rows, 3),
					  .host_last = db_col_int(rows, 4), .first = db_col_int(rows, 5) };
		r = copy_text(rows, 0, a, &row->container_id, e);
		if (r == 0)
			r = copy_text(rows, 2, a, &row->host, e);
	}
	return r;
}

int network_rows_ports(struct db *db, const char *container, struct arena *a, struct port_rows *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db,
			 container ? "SELECT " PORT_COLUMNS
				     " FROM ports WHERE container_id = ?1 ORDER BY first, protocol, host_first, host" :
				     "SELECT " PORT_COLUMNS " FROM ports WHERE ?1 IS NULL",
			 DB_ARGS(db_text(container)), &rows, e);

	return r < 0 ? r : read_ports(&rows, a, ret, e);
}

#define PORTS_IN                                                                                         \
	"SELECT " PORT_COLUMNS " FROM ports WHERE protocol = ?1 AND host_first BETWEEN ?2 AND ?3 "       \
	"UNION ALL "                                                                                     \
	"SELECT " PORT_COLUMNS " FROM ports"                                                             \
	" WHERE protocol = ?1 AND host_last > host_first AND host_last >= ?2 AND host_first < ?2"

int network_rows_ports_in(struct db *db, unsigned protocol, unsigned first, unsigned last, struct arena *a,
			  struct port_rows *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, PORTS_IN, DB_ARGS(db_int(protocol), db_int(first), db_int(last)), &rows, e);

	return r < 0 ? r : read_ports(&rows, a, ret, e);
}

/* ---- the end ------------------------------------------------------------------------------------------------------ */

int network_rows_forget(struct db *db, const char *container, struct err *e)
{
	int r = network_rows_unpublish(db, container, e);

	return r < 0 ? r :
		       db_run(db, "DELETE FROM places WHERE container_id = ?1", DB_ARGS(db_text(container)), NULL, e);
}

int network_rows_mark(struct db *db, const char *container, struct err *e)
{
	return db_run(db, "UPDATE containers SET networked = 1 WHERE id = ?1 AND networked = 0",
		      DB_ARGS(db_text(container)), NULL, e);
}
