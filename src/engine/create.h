/* SPDX-License-Identifier: Apache-2.0 */
/* create.h - a configuration becomes a container: folders, files, row, volumes; and, each time that it is to be started,
 * the bundle that a monitor runs.
 *
 * The intent half of a container's life; nothing runs after it. Everything that can be refused is refused before
 * anything is made. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "spec/config.h"
#include "records/containers.h"
#include "engine/engine.h"
#include "engine/images.h"
#include "engine/lock.h"
#include "records/names.h"
#include "engine/network.h"
#include "engine/network_ports.h"
#include "engine/settings.h"
#include "spec/spec.h"
#include "spec/userns.h"
#include "records/volume_rows.h"
#include "kernel/host.h"
#include "monitor/charter.h"
#include "oci/image_spec.h"

struct kube_row;

struct creation {
	struct engine *en;       /* NULL: a plan for --rootfs, without any data root */
	const struct host *host; /* of a plan: perhaps a captured one */
	bool host_is_captured;   /* then this machine's own devices are not looked at */
	const struct container_row *row; /* it was made before; NULL: it is being made */
	struct container_config *config;
	struct arena *a;
	bool plan_only; /* look everything up, make nothing: <id> stands for the id */
	struct id id;
	char name[NAME_SIZE];
	struct host_facts facts;
	struct image_row image; /* id NULL: --rootfs */
	struct image_config image_config;
	struct image_numbers layers;
	struct spec_inputs inputs;
	struct volume_uses volumes;       /* what it uses */
	struct volume_uses known_volumes; /* of a row: what stands in the database, by target */
	struct oci_strings copy_up; /* targets of volumes that the image fills while they are empty */
	struct places places;       /* in networks */
	struct port_mappings ports; /* that it wants published */
	struct rules_ports published; /* those that it has, while it is started */
	struct settings settings;
	struct userns_mode userns;
	struct id_ranges subuids, subgids; /* where auto chooses from */
	struct userns_ids userns_ids;
	bool userns_allotted; /* of another container's: that one got them by auto */
	struct runtime_spec spec;
	struct charter charter;
	struct warnings warnings;
	struct lock lock;
	int kube_lock; /* of one that Kubernetes' quotas hold for, until its row is there; -1 */
	struct kube_row *kube_row; /* that row; NULL: none is to be written */
	int container_dir, state_dir; /* -1: none */
	bool runs_now, trace;
	const char *group;  /* that it has already; NULL: none */
	const char *cgroup; /* of a creation that runs now, on a host with cgroups: its monitor makes it meanwhile */
	bool charter_is_there; /* that monitor knows it already */
	int monitor; /* of a creation that runs now: the socket of a monitor that waits for the bundle; -1: none */
};

/* One that nothing was looked up for: fine for creation_done(). */
#define CREATION_NONE \
	((struct creation){ .lock = LOCK_NONE, .kube_lock = -1, .container_dir = -1, .state_dir = -1, .monitor = -1 })

/* engine_plan - until the runtime-spec and the charter are there; makes nothing. *ret is filled, free with
 * creation_done(). -EINVAL: the configuration; -ENOENT: no such image, no such user … */
int engine_plan(struct engine *en, const struct host *host, struct container_config *c, struct arena *a,
		struct creation *ret, struct err *e);

/* Of a creation that is started at once. */
struct creation_start {
	bool trace; /* the monitor writes its trace */
};

/* engine_create - the same, and then makes row, folders and volumes. start: its monitor starts meanwhile, and makes what it
 * can; NULL: it is not started now. On failure nothing is left. The container's lock is held, with the intent "create",
 * until one of the three below. */
int engine_create(struct engine *en, struct container_config *c, const struct creation_start *start, struct arena *a,
		  struct creation *ret, struct err *e);

/* creation_settle - nobody starts it now: what happened to it so far is recorded, the lock is let go. On failure nothing
 * of the container is left. */
int creation_settle(struct creation *cr, struct err *e);
/* creation_print_warnings - what was found on the way goes to log_warning(). */
void creation_print_warnings(const struct creation *cr);
/* creation_undo - all of it is removed again. creation_done - memory and descriptors; the lock is let go if it is held. */
void creation_undo(struct creation *cr);
void creation_done(struct creation *cr);

/* engine_reopen - look everything up anew for a container that was made before: its configuration goes to *c, the host is
 * asked as it is now. Makes nothing; the caller holds the lock, or does not mind. Memory belongs to a, the row stays
 * borrowed. */
int engine_reopen(struct engine *en, const struct container_row *row, struct container_config *c, struct arena *a,
		  struct creation *ret, struct err *e);

/* create_rootless_start - of an ordinary user's container that was reopened to start: its row names the group that is made for it
 * now, which is another one, or none, when he starts it from another place than before */
int create_rootless_start(struct creation *cr, struct err *e);

/* create_is_user_net - an ordinary user's container has the network of a helper (monitor/user_net.h) */
bool create_is_user_net(const struct container_config *c);

/* creation_fetch_image - as a creation with this configuration would: when it is missing, or its pull policy says always */
int creation_fetch_image(struct engine *en, struct container_config *c, struct arena *a, struct err *e);

/* creation_limits - of a configuration only what its limits need: facts of the host, config_check(), disks. group: that
 * the container has; NULL or CGROUP_NONE: one that this process would make. */
int creation_limits(struct engine *en, struct container_config *c, const char *group, struct arena *a,
		    struct creation *ret, struct err *e);

/* creation_set_process - between engine_create() and the bundle: another command or environment than it was made with,
 * which its configuration has now. */
int creation_set_process(struct creation *cr, struct err *e);

/* creation_write_bundle - charter and config.json for its monitor, in <state>/<id>/, which is made when it is missing. Of one
 * that runs now the rules are left to creation_let_in(). */
int creation_write_bundle(struct creation *cr, struct err *e);
/* creation_let_in - the firewall knows its addresses and ports: before CONTROL_START, while the monitor makes the rest. */
int creation_let_in(struct creation *cr, struct err *e);
