/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kfeat.h"

#include "base/scope.h"
#include "kernel/bpf_abi.h"
#include "kernel/host.h"
#include "kernel/old_kernel.h"
#include "kernel/smallfile.h"
#include "kernel/sys.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

/* The probes are calls with arguments that are refused before anything happens; only the errno tells. */
static bool exists(long r)
{
	return r >= 0 || errno != ENOSYS;
}

/* For a call that answers for others too: a filter of seccomp may refuse with EPERM what it does not know, and that is no
 * word on the rest. No kernel answers so to these arguments. */
static bool answers(long r)
{
	return r >= 0 || (errno != ENOSYS && errno != EPERM);
}

/* A kernel whose clone_args end before `cgroup` finds bytes set past the end (E2BIG); every other one refuses the
 * signal number, and does so before it copies a process. */
bool kfeat_clone_into_cgroup(void)
{
	struct clone_args args = { .cgroup = 1, .exit_signal = ~UINT64_C(0) };

	return sys_clone3(&args) < 0 && errno == EINVAL;
}

static bool probe_seccomp_filter(void)
{
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno == EFAULT;
}

/* Without CONFIG_CGROUP_BPF the attach type is unknown (EINVAL); with it the descriptor is bad (EBADF). */
static bool probe_bpf_cgroup_device(void)
{
	struct bpf_attr_query attr = { .target_fd = UINT32_MAX, .attach_type = BPF_CGROUP_DEVICE };

	return sys_bpf(BPF_PROG_QUERY, &attr, sizeof attr) < 0 && errno == EBADF;
}

static bool listed_in_filesystems(int proc)
{
	char text[8192];
	struct sv list;

	return smallfile_read(proc, "filesystems", text, sizeof text, &list) == 0 && strstr(text, "\toverlay\n");
}

/* A context for an overlay loads the module, as mount(2) would. Whether it knows the key "lowerdir+": given without
 * its value, a known key and an unknown one are both refused, but with different words in the context's log; an old
 * overlayfs without fs_context takes any key. */
static void probe_overlay(int proc, struct kfeat *k)
{
	char text[128];
	scoped_fd fs = -1;
	ssize_t n;

	/* lowerdir+ came before detached layers; closing a context of overlayfs takes longer than all the rest here */
	if (k->overlay_detached_layers && listed_in_filesystems(proc)) {
		k->overlay = k->overlay_lowerdir_append = true;
		return;
	}
	fs = sys_fsopen("overlay");
	if (fs < 0) {
		k->overlay = errno != ENODEV && listed_in_filesystems(proc);
		return;
	}
	k->overlay = true;
	if (sys_fsconfig(fs, FSCONFIG_SET_FLAG, "lowerdir+", NULL, 0) == 0)
		return;
	n = read(fs, text, sizeof text - 1);
	if (n < 0)
		return;
	text[n] = '\0';
	k->overlay_lowerdir_append = strstr(text, "lowerdir+") && !strstr(text, "Unknown");
}

struct kfeat kfeat_all(void)
{
	return (struct kfeat){
#define X(name) .name = true,
		KFEATS(X)
#undef X
	};
}

bool kfeat_set(struct kfeat *k, struct sv name, bool value)
{
	const struct {
		const char *name;
		bool *bit;
	} rows[] = {
#define X(id) { #id, &k->id },
		KFEATS(X)
#undef X
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (sv_is(name, rows[i].name)) {
			*rows[i].bit = value;
			return true;
		}
	return false;
}

/* Newest first: who has one has those that came before it. */
static void probe_calls(struct kfeat *k)
{
	/* clones of what is attached nowhere, layers too, came with 6.15 and have no probe without a mount; open_tree_attr(2)
	 * came with it */
	k->detached_mounts = k->overlay_detached_layers = answers(syscall(SYS_open_tree_attr, -1, NULL, 0, NULL, 0));
	/* cgroup.kill came with 5.14 and has no probe without a group; process_mrelease(2) came with 5.15, everywhere */
	k->cgroup_kill = k->detached_mounts || answers(syscall(SYS_process_mrelease, -1, 1));
	k->mount_setattr = k->cgroup_kill || answers(syscall(SYS_mount_setattr, -1, NULL, 0, NULL, 0));
	k->close_range = k->mount_setattr || answers(syscall(SYS_close_range, 2, 1, 0));
	k->openat2 = k->close_range || answers(syscall(SYS_openat2, -1, NULL, NULL, 0));
	k->pidfd = k->openat2 || answers(sys_pidfd_open(-1, 0));
	k->new_mount_api = k->pidfd || exists(syscall(SYS_fsopen, NULL, 0));
}

void kfeat_probe_overlay(const struct host *h, struct kfeat *k)
{
	probe_overlay(h->proc, k);
}

int kfeat_probe(const struct host *h, struct kfeat *ret, struct err *e)
{
	struct kfeat k = { 0 };

	probe_calls(&k);
	k.clone_into_cgroup = kfeat_clone_into_cgroup();
	k.seccomp_filter = probe_seccomp_filter();
	k.bpf_cgroup_device = probe_bpf_cgroup_device();
	k.time_namespace = faccessat(h->proc, "self/ns/time", F_OK, 0) == 0;
	k.cgroup_namespace = faccessat(h->proc, "self/ns/cgroup", F_OK, 0) == 0;
	sys_old_kernel(&(struct old_kernel){ !k.openat2, !k.mount_setattr, !k.close_range, h->proc });
	*ret = k;
	return 0;
}
