/* SPDX-License-Identifier: Apache-2.0 */
/* Networks are removed. The row goes first, for only the database can tell that nobody has a place in it; device and rules
 * follow. So that they are found when that fails or is cut short, a note with the device's name stands in the state folder
 * from before the row goes until all of it is gone. */
#include "engine/network.h"

#include "base/dir_names.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/net_link.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define ARENA_MAX (32u << 20)
#define REMOVALS "removals" /* in <state>/net: a file per device, in it what belongs to the network */
#define WITH_DEVICE "device and rules\n"
#define RULES_ONLY "rules\n" /* the device is the user's */

/* ---- notes ---------------------------------------------------------------------------------------------------------- */

static int open_notes(struct engine *en, int *ret, struct err *e)
{
	scoped_fd net = -1;
	int r = io_mkdir_at(en->state, "net", 0700, &net, e);

	return r < 0 ? r : io_mkdir_at(net, REMOVALS, 0700, ret, e);
}

static int drop_note(int notes, const char *device, struct err *e)
{
	return unlinkat(notes, device, 0) < 0 && errno != ENOENT ?
		       err_sys(e, "remove the note net/" REMOVALS "/%s", device) :
		       0;
}

/* ---- what is left --------------------------------------------------------------------------------------------------- */

static int delete_device(const char *name, struct err *e)
{
	scoped_fd fd = netlink_open(NETLINK_ROUTE, e);
	int r = fd < 0 ? fd : 0;

	if (r == 0 && net_device_index(fd, name)) /* a device that is not there needs no right */
		r = net_device_delete(fd, name, e);
	return r == -ENODEV ? 0 : r;
}

static bool has_row(const struct network_rows *rows, const char *device)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->v[i].device, device) == 0)
			return true;
	return false;
}

/* With a row its removal has not begun, or another network has that device now. */
static int finish_one(int notes, const char *device, const struct network_rows *rows, bool *removed, struct err *e)
{
	scoped_buf text = BUF(LIMIT_RECORD);
	int r = io_read_at(notes, device, &text, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (has_row(rows, device))
		return drop_note(notes, device, e);
	*removed = true;
	return sv_is(buf_sv(&text), WITH_DEVICE) ? delete_device(device, e) : 0;
}

static int finish_all(struct engine *en, int notes, const struct dir_names *names, struct arena *a, struct err *e)
{
	struct network_rows rows = { 0 };
	bool removed = false;
	int r = network_list(en, a, &rows, e);

	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = finish_one(notes, names->v[i], &rows, &removed, e);
	if (r == 0 && removed)
		r = firewall_rebuild(en, e);
	if (firewall_is_refused(r)) /* what follows says so; the notes stay for somebody who may */
		return 0;
	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = drop_note(notes, names->v[i], e);
	return r;
}

/* One at a time: another removal's note is not that of one that was cut short. */
int network_finish_removals(struct engine *en, struct err *e)
{
	scoped_fd notes = openat(en->state, "net/" REMOVALS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	scoped_arena a = ARENA(ARENA_MAX);
	scoped_dir_names names = { 0 };
	int r;

	if (notes < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open net/" REMOVALS);
	if (flock(notes, LOCK_EX) < 0)
		return err_sys(e, "lock net/" REMOVALS);
	r = dir_names_read(notes, &names, e);
	if (r < 0 || names.n == 0)
		return r;
	return err_wrap(e, finish_all(en, notes, &names, &a, e), "what is left of a removed network");
}

/* ---- removing ------------------------------------------------------------------------------------------------------- */

static int refuse_used(struct db *db, const struct network *net, struct arena *a, struct err *e)
{
	struct place_rows places = { 0 };
	const char *text = "";
	int r = network_rows_places(db, NULL, net->row.id, a, &places, e);

	for (size_t i = 0; r == 0 && text && i < places.n && i < 10; i++)
		text = arena_fmt(a, "%s%s%.12s", text, i ? ", " : "", places.v[i].container_id);
	return r < 0 ? r :
		       err_set(e, EBUSY,
			       "network %s has active endpoints (containers %s): disconnect or remove them first",
			       net->row.name, text ? text : "");
}

static int delete_row(struct engine *en, const struct network *net, struct arena *a, struct err *e)
{
	bool deleted = false;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = network_rows_delete(db, net->row.id, &deleted, e);
	return r == 0 && !deleted ? refuse_used(db, net, a, e) : r;
}

int network_remove(struct engine *en, const struct network *net, struct arena *a, struct err *e)
{
	bool own = network_option(&net->options, "name") == NULL; /* one that the user named may be the user's */
	const char *note = own ? WITH_DEVICE : RULES_ONLY;
	scoped_fd notes = -1;
	int r;

	if (net->driver != NETWORK_BRIDGE)
		return delete_row(en, net, a, e);
	r = open_notes(en, &notes, e);
	if (r == 0 && flock(notes, LOCK_EX) < 0)
		r = err_sys(e, "lock net/" REMOVALS);
	if (r == 0)
		r = io_replace_at(notes, net->row.device, note, strlen(note), 0600, IO_DISK_SOON, e);
	if (r < 0)
		return r;
	r = delete_row(en, net, a, e);
	if (r == -EBUSY)
		(void)drop_note(notes, net->row.device, NULL);
	if (r == 0)
		r = firewall_network(en, net, false, e);
	if (r == 0 && own)
		r = delete_device(net->row.device, e);
	return r < 0 ? r : drop_note(notes, net->row.device, e);
}

int network_delete(struct engine *en, const char *ref, struct arena *a, struct err *e)
{
	struct network net;
	int r = network_finish_removals(en, e);

	if (r == 0)
		r = network_find(en, ref, a, &net, e);
	if (r == 0 && network_is_predefined(&net.row))
		return err_set(e, EPERM, "%s is a pre-defined network and cannot be removed", net.row.name);
	return r < 0 ? r : network_remove(en, &net, a, e);
}
