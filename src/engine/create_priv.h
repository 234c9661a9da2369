/* SPDX-License-Identifier: Apache-2.0 */
/* create_priv.h - the parts of create.c in create_plan.c, create_files.c and create_devices.c. */
#pragma once

#include "engine/create.h"

/* create_look_up - everything up to charter and runtime-spec; *cr holds what was asked for, id, engine and arena. */
int create_look_up(struct creation *cr, struct err *e);
/* create_find_userns - which ids of the host it would get, or has; cr->inputs has its user by then. */
int create_find_userns(struct creation *cr, struct err *e);
/* create_take_userns - they become its own, in the transaction that inserts its row; the specification has them then. */
int create_take_userns(struct creation *cr, struct db *db, struct err *e);
/* create_look_up_limits - facts about the host, what the configuration asks for against them, disks. */
int create_look_up_limits(struct creation *cr, const struct host *host, struct err *e);
/* create_find_volumes - volumes of the configuration and the image become binds; bind sources that must be there are. */
int create_find_volumes(struct creation *cr, struct err *e);
/* create_make_volumes - their folders and rows, and missing sources of -v. */
int create_make_volumes(struct creation *cr, struct err *e);
/* create_mount_volumes - what is behind some of them, before each start. */
int create_mount_volumes(struct creation *cr, struct err *e);
/* create_etc_files - hostname, hosts and resolv.conf of the container, to be bound into it. */
int create_etc_files(struct creation *cr, struct err *e);
/* create_rewrite_etc - of hosts and resolv.conf in its folder dir what cr->places make different from the places before */
int create_rewrite_etc(struct creation *cr, const struct places *before, int dir, struct err *e);
/* create_rootless.c, of an ordinary user's containers: create_rootless_limits - limits without a group to put them on are
 * -EACCES with the option's name. create_rootless_user - its user is not in the namespace: -EINVAL. The others: maps of ids
 * and networks that only root can make are -EPERM. */
int create_rootless_user(struct creation *cr, struct err *e);
/* create_rootless_group - of a creation that asks about a container's own group: facts.cgroup as that has it. */
int create_rootless_group(struct creation *cr, struct err *e);
int create_rootless_limits(struct creation *cr, struct err *e);
int create_rootless_userns(struct creation *cr, struct err *e);
int create_rootless_network(struct creation *cr, struct err *e);
/* create_rootless_settings - its network is pasta's or slirp4netns', unless it says otherwise. create_user_net - is it?
 * create_user_net_words - what its monitor starts for that, with the ports in cr->published. -ENOENT: nothing is installed.
 * create_user_net_resolver - the name server that it has to be asked by; NULL: the host's are */
void create_rootless_settings(struct creation *cr);
bool create_user_net(const struct creation *cr);
int create_user_net_words(struct creation *cr, struct err *e);
int create_user_net_resolver(const struct creation *cr, const char **ret, struct err *e);
/* create_network.c: create_find_networks - those that it is to join, or has joined. create_take_places - its addresses, in
 * the transaction that inserts its row. create_network_up - before each start: devices, ports, and in the charter
 * what the monitor does; creation_let_in() makes the rules. -EADDRINUSE, -ENOSPC, -ENODEV */
int create_find_networks(struct creation *cr, struct err *e);
int create_take_places(struct creation *cr, struct db *db, struct err *e);
int create_network_up(struct creation *cr, struct err *e);
/* create_put_hosts - what /etc/hosts has beside localhost. create_put_resolver - /etc/resolv.conf. */
void create_put_hosts(const struct creation *cr, struct buf *b);
int create_put_resolver(struct creation *cr, struct buf *b, struct err *e);
/* create_check_wishes - of one place, against its network. create_join_words - parted by blanks; NULL: out of memory.
 * create_put_links - of the charter: interfaces and names of all places. create_endpoint - the record of one, without its
 * process; 1: there is one, 0: that network has no names. */
struct endpoint;
int create_check_wishes(const struct network_config *n, const struct network *net, struct err *e);
const char *create_join_words(const struct oci_strings *l, struct arena *a);
int create_put_links(struct creation *cr, struct err *e);
int create_endpoint(struct creation *cr, size_t i, struct endpoint *ret, struct err *e);
bool create_is_networked(const struct creation *cr); /* something of it is to be taken back at its end */
bool create_has_names(const struct creation *cr); /* some network of it answers names */
/* create_find_net_program - into the charter, when there are places */
int create_find_net_program(struct creation *cr, struct err *e);
/* create_find_devices - of --device and --privileged, with their numbers and modes. */
int create_find_devices(struct creation *cr, struct err *e);
/* create_others.c: the names in container:X become ids. -ENOENT */
int create_name_others(struct creation *cr, struct err *e);
/* create_check_others - those containers run, and share their IPC. -EINVAL with Docker's texts */
int create_check_others(struct creation *cr, struct err *e);
/* create_share_names - host name and files in /etc of the container whose network or host name is shared. */
int create_share_names(struct creation *cr, struct err *e);
/* create_others.c: --volumes-from: mounts of other containers join config.mounts, to be kept with it. -ENOENT, -EINVAL */
int create_take_volumes(struct creation *cr, struct err *e);
/* create_find_blkio - the numbers of the disks whose I/O is limited. -ENOENT, -ENOTBLK, -EINVAL (a partition): by option and
 * path. On a captured host sys/class/block has them. */
int create_find_blkio(struct creation *cr, const struct host *host, struct err *e);
/* create_clamp_ulimits - to what this process may give; a warning for each. */
int create_clamp_ulimits(struct creation *cr, struct err *e);
/* host_name - this host's, NULL when out of memory */
const char *host_name(struct arena *a);

/* create_terms.c: what of the configuration the monitor needs. -EINVAL: a stop signal of the image that is none. */
int create_terms(struct creation *cr, struct err *e);
int create_exec_terms(struct creation *cr, struct err *e); /* once its inputs are known */
