/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces: may they be made, by whom, with which ids, and can a file system show files with those. */
#include "runtime_cli/doctor.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/smallfile.h"
#include "kernel/user_namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void sysctl_that_forbids(struct runtime *rt, struct findings *l, const char *path, const char *forbids,
				const char *check, const char *remedy)
{
	char text[64];
	struct sv v;

	if (smallfile_read(rt->host.proc, path, text, sizeof text, &v) < 0)
		return;
	finding_add(l, sv_is(sv_trim(v), forbids) ? FINDING_WEAK : FINDING_OK, check,
		    "ordinary users cannot start containers", remedy, SV_FMT, SV_ARG(sv_trim(v)));
}

/* ret_fd: one with the caller's own ids, or -1 */
static void new_namespace(struct runtime *rt, struct findings *l, int *ret_fd)
{
	char uid[64], gid[64];
	struct userns_maps maps = { uid, gid };
	struct err e = { 0 };

	(void)snprintf(uid, sizeof uid, "0 %u 1\n", (unsigned)geteuid());
	(void)snprintf(gid, sizeof gid, "0 %u 1\n", (unsigned)getegid());
	if (userns_new(rt->host.proc, &maps, ret_fd, &e) < 0) {
		*ret_fd = -1;
		if (geteuid() != 0 &&
		    e.code == EPERM) /* an ordinary user's gid_map needs setgroups to be denied first */
			return;
		finding_add(l, FINDING_WEAK, "user namespaces",
			    "root in a container is root of the host; ordinary users cannot start containers",
			    "sysctl user.max_user_namespaces=15000, and a kernel with CONFIG_USER_NS", "%s", e.msg);
	} else {
		finding_add(l, FINDING_OK, "user namespaces", NULL, NULL, "one was made");
	}
}

static void idmapped_mounts(struct runtime *rt, struct findings *l, int userns)
{
	static const char *const places[] = { "/var/lib", "/run", "/" };
	struct err e = { 0 };

	(void)rt;
	if (userns < 0 || geteuid() != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		scoped_fd mnt = mount_clone(AT_FDCWD, places[i], false, &e);
		bool ok = mnt >= 0 && mount_idmap(mnt, userns, false, &e) == 0;

		if (mnt < 0 && e.code == ENOENT)
			continue;
		finding_add(l, ok ? FINDING_OK : FINDING_WEAK, "idmapped mounts",
			    "a container in a user namespace needs files that were changed to its owners",
			    "Linux 5.12, and a file system that takes them (ext4, xfs, btrfs; tmpfs 6.3)", "%s: %s",
			    places[i], ok ? "works" : e.msg);
		return;
	}
}

/* ---- subuid(5) --------------------------------------------------------------------------------------------------- */

static uint64_t ids_of(struct runtime *rt, const char *file, const char *user)
{
	scoped_buf text = BUF(LIMIT_SUBID);
	struct sv rest, line, name, first, count;
	uint64_t sum = 0, n;
	char number[16];

	(void)snprintf(number, sizeof number, "%u", (unsigned)geteuid());
	if (io_read_at(rt->host.root, file, &text, NULL) < 0)
		return 0;
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line))
		if (sv_cut(line, ':', &name, &line) && sv_cut(line, ':', &first, &count) &&
		    (sv_is(name, number) || (user && sv_is(name, user))) && sv_u64(sv_trim(count), &n) == 0)
			sum += n;
	return sum;
}

static const char *own_name(struct runtime *rt)
{
	scoped_buf text = BUF(LIMIT_PASSWD);
	struct sv rest, line, name, passwd, number;
	uint64_t n;

	if (io_read_at(rt->host.root, "etc/passwd", &text, NULL) < 0)
		return NULL;
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line))
		if (sv_next(&line, ':', &name) && sv_next(&line, ':', &passwd) && sv_next(&line, ':', &number) &&
		    sv_u64(number, &n) == 0 && n == geteuid())
			return arena_sv(rt->arena, name);
	return NULL;
}

static void subordinate_ids(struct runtime *rt, struct findings *l)
{
	const char *name = own_name(rt);
	uint64_t uids = ids_of(rt, "etc/subuid", name), gids = ids_of(rt, "etc/subgid", name);
	bool tools = access("/usr/bin/newuidmap", X_OK) == 0 && access("/usr/bin/newgidmap", X_OK) == 0;

	if (geteuid() == 0)
		return;
	finding_add(l, uids >= 65536 && gids >= 65536 ? FINDING_OK : FINDING_WEAK, "subordinate ids",
		    "a container of this user has few ids or only one: most images do not work",
		    "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER", "%llu uids, %llu gids",
		    (unsigned long long)uids, (unsigned long long)gids);
	finding_add(l, tools ? FINDING_OK : FINDING_MISSING, "newuidmap, newgidmap",
		    "a container of this user has a single id", "apt-get install uidmap", "%s",
		    tools ? "there" : "not in /usr/bin");
}

void doctor_users(struct runtime *rt, struct findings *l)
{
	scoped_fd userns = -1;

	new_namespace(rt, l, &userns);
	sysctl_that_forbids(rt, l, "sys/user/max_user_namespaces", "0", "user.max_user_namespaces",
			    "sysctl user.max_user_namespaces=15000");
	sysctl_that_forbids(rt, l, "sys/kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone",
			    "sysctl kernel.unprivileged_userns_clone=1");
	sysctl_that_forbids(rt, l, "sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor and namespaces",
			    "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for tare-runtime");
	idmapped_mounts(rt, l, userns);
	subordinate_ids(rt, l);
}
