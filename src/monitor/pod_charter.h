/* SPDX-License-Identifier: Apache-2.0 */
/* pod_charter.h - what a pod's monitor is told at its birth: its containers in their order, and what is asked of them and
 * done to them besides. Each has a charter and config.json of its own in its state directory, as one alone has.
 *
 * <state>/pods/<uid>/pod, NUL-terminated fields "key=value", the first one "tare-pod=1". "volume=NAME" begins a volume,
 * "container=ID" a container, "use=liveness" … one of its probes or hooks, "mount=/cache" one of its mounts. Written by the engine,
 * read by the monitor. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>
#include <stdint.h>

#define POD_CHARTER_FILE "pod"
#define POD_DIRECTORY "pods" /* below the state root: a directory of each pod's monitor */
#define POD_EVENTS_FILE "events" /* there: "first last count Warning Unhealthy app text" a line, ns since 1970 */
#define POD_DATA "kube" /* below the data root: a folder of each pod, with its volumes */
#define POD_MESSAGES ".messages" /* in there: what each container says of its end; of the life before it with this name's ending: */
#define POD_MESSAGE_LAST ".last"
#define POD_DEADLINE "DeadlineExceeded" /* the reason of the event that tells of it */

#define MEMBER_KINDS(X) \
	X(INIT, "init")       /* runs to its end before the next one begins */ \
	X(SIDECAR, "sidecar") /* likewise begins before the next one, and stays */ \
	X(MAIN, "main") \
	X(HOLDER, "holder")   /* only holds the pid namespace that all of them share */
enum member_kind {
#define X(id, text) MEMBER_##id,
	MEMBER_KINDS(X)
#undef X
};

#define ACTION_KINDS(X) \
	X(NONE, "none") \
	X(EXEC, "exec")     /* arguments: a command in the container */ \
	X(HELPER, "helper") /* arguments: of tare-probe, in the pod's network */ \
	X(SLEEP, "sleep")   /* seconds */ \
	X(FAIL, "fail")     /* with this argument: what a manifest may have, and nobody can do */
enum action_kind {
#define X(id, text) ACTION_##id,
	ACTION_KINDS(X)
#undef X
};

#define MEMBER_USES(X) X(STARTUP, "startup") X(LIVENESS, "liveness") X(READINESS, "readiness") \
	X(POST_START, "post_start") X(PRE_STOP, "pre_stop")
enum member_use {
#define X(id, text) USE_##id,
	MEMBER_USES(X)
#undef X
		USE_COUNT,
	USE_PROBES = USE_POST_START /* those before it are probes */
};

struct pod_use {
	enum action_kind action;
	struct oci_strings arg;
	int seconds;                              /* of sleep */
	int delay_s, timeout_s, period_s;         /* of a probe */
	int successes, failures;                  /* in a row */
	int grace_s;                              /* of a probe that ends its container; < 0: the pod's */
};

/* A volume that only the monitor can bring: a file system of the pod's own, or a folder of which parts are mounted. */
struct pod_volume {
	const char *name;
	const char *fstype, *options; /* NULL: a folder, */
	const char *path;             /* this one, absolute */
};

/* In the place of what the container's config.json has at `destination`. */
struct pod_mount {
	const char *destination, *volume;
	const char *below; /* of the volume; NULL: all of it */
};

struct pod_container {
	const char *id, *name;
	enum member_kind kind;
	struct oci_strings
		rules; /* "Restart In 42 43", "RestartAllContainers NotIn 1": of an exit status, whatever its policy */
	struct pod_use use[USE_COUNT];
	struct {
		struct pod_mount *v;
		size_t n;
	} mounts;
};

struct pod_charter {
	const char *uid;
	const char *program, *data_root, *state_root, *settings; /* as in a container's charter */
	const char *probe;                                       /* tare-probe */
	int deadline_s;                               /* that it may run; 0: for ever */
	int grace_s;                                  /* between the request to end and SIGKILL */
	struct {
		struct pod_volume *v;
		size_t n;
	} volumes;
	struct pod_container *v;
	size_t n;
};

const char *member_use_name(enum member_use u);
const struct pod_volume *pod_charter_volume(const struct pod_charter *c,
					    const char *name); /* NULL: none of that name */

int pod_charter_write(int pod_dir, const struct pod_charter *c, struct err *e);
/* pod_charter_parse, pod_charter_read - -EINVAL: not a pod's, or of a newer version. Memory belongs to a. */
int pod_charter_parse(struct sv text, struct arena *a, struct pod_charter *ret, struct err *e);
int pod_charter_read(int pod_dir, struct arena *a, struct pod_charter *ret, struct err *e);
