/* SPDX-License-Identifier: Apache-2.0 */
/* Whose files were written, as fanotify(7) tells it. */
#include "../test.h"
#include "kernel/cgroup_written.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>

static struct cgroup_written_set set;
static char events[4096];
static size_t length;

static void begin(void)
{
	set.all = false;
	set.n = 0;
	length = 0;
}

static void put(const void *p, size_t n)
{
	memcpy(events + length, p, n);
	length += n;
}

/* An event of the kernel's form; a handle of eight bytes. */
static void put_event(uint64_t mask, uint8_t kind, int handle_type, uint64_t inode, const char *name)
{
	struct fanotify_event_info_fid info = { .hdr.info_type = kind };
	struct file_handle handle = { .handle_bytes = sizeof inode, .handle_type = handle_type };
	struct fanotify_event_metadata m = {
		.metadata_len = sizeof m, .vers = FANOTIFY_METADATA_VERSION, .mask = mask, .fd = FAN_NOFD
	};
	size_t n = sizeof info + sizeof handle + sizeof inode + strlen(name) + 1, padded = (n + 7) & ~(size_t)7;

	info.hdr.len = (uint16_t)padded;
	m.event_len = (uint32_t)(sizeof m + padded);
	put(&m, sizeof m);
	put(&info, sizeof info);
	put(&handle, sizeof handle);
	put(&inode, sizeof inode);
	put(name, strlen(name) + 1);
	put("\0\0\0\0\0\0\0", padded - n);
}

static void put_write(uint64_t inode, const char *name)
{
	put_event(FAN_MODIFY, FAN_EVENT_INFO_TYPE_DFID_NAME, 0xfe, inode, name);
}

static void take(void)
{
	cgroup_written_add(&set, (struct sv){ events, length });
}

TEST(each_folder_with_a_write_is_told)
{
	begin();
	take();
	assert_int_equal(0, set.n);
	put_write(77, "pids.max");
	put_write(77, "cpu.max");
	put_write(UINT64_MAX, "cgroup.procs");
	take();
	assert_false(set.all);
	assert_int_equal(2, set.n);
	assert_int_equal(77, set.inode[0]);
	assert_true(set.inode[1] == UINT64_MAX);
	take(); /* the next read(2)'s */
	assert_int_equal(4, set.n);
}

TEST(what_is_not_understood_is_all)
{
	static const struct {
		uint64_t mask;
		uint8_t kind;
		int handle_type;
		const char *name;
	} cases[] = {
		{ FAN_Q_OVERFLOW, FAN_EVENT_INFO_TYPE_DFID_NAME, 0xfe, "" },
		{ FAN_MODIFY, FAN_EVENT_INFO_TYPE_FID, 0xfe, "pids.max" },
		{ FAN_MODIFY, FAN_EVENT_INFO_TYPE_DFID_NAME, 1, "pids.max" }, /* another file system's */
		{ FAN_MODIFY, FAN_EVENT_INFO_TYPE_DFID_NAME, 0xfe, "cgroup.subtree_control" }, /* limits go with it */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin();
		put_event(cases[i].mask, cases[i].kind, cases[i].handle_type, 77, cases[i].name);
		take();
		assert_true(set.all);
	}
	for (size_t n = 1; n < 3; n++) { /* an event without a record, and one that has lost its end */
		begin();
		put_write(77, "pids.max");
		length = n == 1 ? sizeof(struct fanotify_event_metadata) : length - 8;
		take();
		assert_true(set.all);
	}
}

TEST(more_folders_than_there_is_room_for_are_all)
{
	begin();
	for (uint64_t i = 0; i < CGROUP_WRITTEN_MAX; i++) {
		length = 0;
		put_write(i + 1, "pids.max");
		take();
	}
	assert_false(set.all);
	length = 0;
	put_write(CGROUP_WRITTEN_MAX + 1, "pids.max");
	take();
	assert_true(set.all);
	assert_int_equal(CGROUP_WRITTEN_MAX, set.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(each_folder_with_a_write_is_told),
		RUN(what_is_not_understood_is_all),
		RUN(more_folders_than_there_is_room_for_are_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
