/* SPDX-License-Identifier: Apache-2.0 */
/* watch_list.h - when the list of all containers is worth another look: inotify(7) of the state folder.
 *
 * A folder there comes with the first start of a container in this boot and goes with the container. What begins with it is
 * not there yet when that is heard, and a group that has gone may be told of before its container's record says why: so
 * after a change the list is read soon, then after twice that time, and so on until it is calm again. What nobody
 * tells of (an ended container that is started again) is seen by the calm look. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WATCH_LIST_SOON_NS (INT64_C(200) * 1000000)
#define WATCH_LIST_CALM_NS (INT64_C(5000) * 1000000)

struct watch_list {
	int fd; /* inotify; -1: nobody tells, the calm look is all */
	int64_t read_ns, wait_ns;
};

#define WATCH_LIST_NONE ((struct watch_list){ .fd = -1, .wait_ns = WATCH_LIST_CALM_NS })

void watch_list_open(struct watch_list *l, int state); /* state: its folder; -1: none */
void watch_list_close(struct watch_list *l);
void watch_list_hear(struct watch_list *l);    /* whatever is to be read from fd */
void watch_list_changed(struct watch_list *l); /* somebody else has seen that something did */
/* watch_list_is_due - at now_ns, monotonic. true: it is read now, and counts as read. */
bool watch_list_is_due(struct watch_list *l, int64_t now_ns);
int64_t watch_list_left_ns(const struct watch_list *l, int64_t now_ns); /* until it is; not below 0 */
