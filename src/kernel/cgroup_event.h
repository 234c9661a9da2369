/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_event.h - descriptors that become ready when something happens in a group, so that nobody need look every second:
 * Documentation/accounting/psi.rst "Monitoring for pressure thresholds", cgroup-v2.rst memory.events,
 * cgroup-v1/memory.rst "OOM Control".
 *
 * What is told is only that it is worth a look: several groups, or a limit above, may be behind it. */
#pragma once

#include "kernel/cgroup_place.h"

enum cgroup_pressure { CGROUP_PRESSURE_CPU, CGROUP_PRESSURE_MEMORY, CGROUP_PRESSURE_IO };

/* cgroup_event_pressure - poll(2) says POLLPRI, at most once in two seconds, when some (full: all) tasks of the group stood
 * still for more than stall_us of them; POLLERR when the group is gone. Two seconds: other windows are for
 * CAP_SYS_RESOURCE alone. -ENOENT, -EOPNOTSUPP, -EINVAL, -EACCES: not on this host, or not for us. */
int cgroup_event_pressure(const struct host *h, const struct cgroup_layout *l, const struct cgroup_place *place,
			  enum cgroup_pressure what, bool full, unsigned stall_us, int *ret_fd, struct err *e);
#define CGROUP_PRESSURE_WINDOW_US 2000000u

/* cgroup_event_oom - POLLIN when OOM kills may have happened, or when the group goes; cgroup_event_drain() before the next
 * wait. v2: inotify(7) of memory.events; v1: eventfd(2) by cgroup.event_control. */
int cgroup_event_oom(const struct host *h, const struct cgroup_layout *l, const struct cgroup_place *place, int *ret_fd,
		     struct err *e);
void cgroup_event_drain(int fd);

/* What a group's use of memory is watched by. -1: not open. */
struct cgroup_memory_watch {
	int events;     /* to poll(2) for `wait_for` */
	short wait_for; /* v1, an eventfd(2): POLLIN; v2, memory.events: POLLPRI, until it is read, for ever when the group is gone */
	int use;        /* the file with the bytes in use */
	int kills;      /* the file with the line "oom_kill"; v2: events itself */
	int control;    /* v1: levels are not asked for yet */
};

/* cgroup_event_memory - wakes: on v1 at OOM; on v2 when use meets the limit, or another event is counted. A few pages of the kernel's; not counted against
 * fs.inotify.max_user_instances, of which root has 128. */
int cgroup_event_memory(const struct host *h, const struct cgroup_layout *l, const char *cgroup,
			struct cgroup_memory_watch *ret, struct err *e);
/* cgroup_memory_watch_levels - on v1 from now on also each time use passes 50, 60, 70, 80, 90 or 95 percent of limit_bytes, up
 * or down. The kernel waits for RCU at each, 10 ms and more: not while somebody waits for us. */
void cgroup_memory_watch_levels(struct cgroup_memory_watch *w, int64_t limit_bytes);
void cgroup_memory_watch_close(struct cgroup_memory_watch *w);
#define CGROUP_MEMORY_WATCH_NONE ((struct cgroup_memory_watch){ .events = -1, .use = -1, .kills = -1, .control = -1 })
