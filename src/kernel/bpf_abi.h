/* SPDX-License-Identifier: Apache-2.0 */
/* bpf_abi.h - the part of bpf(2) that device rules need, restated: <linux/bpf.h> holds names that base/poison.h bans. */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum { BPF_PROG_LOAD = 5, BPF_PROG_ATTACH = 8, BPF_PROG_DETACH = 9, BPF_PROG_GET_FD_BY_ID = 13, BPF_PROG_QUERY = 16 };
enum { BPF_PROG_TYPE_CGROUP_DEVICE = 15 };
enum { BPF_CGROUP_DEVICE = 6 }; /* attach type */
enum { BPF_F_ALLOW_MULTI = 1 << 1, BPF_F_REPLACE = 1 << 2 };
enum { BPF_DEVCG_ACC_MKNOD = 1, BPF_DEVCG_ACC_READ = 2, BPF_DEVCG_ACC_WRITE = 4 };
enum { BPF_DEVCG_DEV_BLOCK = 1, BPF_DEVCG_DEV_CHAR = 2 };

/* What a program of this type gets as its context. */
struct bpf_cgroup_dev_ctx {
	uint32_t access_type; /* access << 16 | type */
	uint32_t major, minor;
};

struct bpf_insn {
	uint8_t code;
	uint8_t dst_reg : 4, src_reg : 4;
	int16_t off;
	int32_t imm;
};
static_assert(sizeof(struct bpf_insn) == 8, "bpf(2), one instruction");

struct bpf_attr_load {
	uint32_t prog_type, insn_cnt;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log_buf;
	uint32_t kern_version, prog_flags;
	char prog_name[16];
};
static_assert(sizeof(struct bpf_attr_load) == 64, "bpf(2), BPF_PROG_LOAD up to prog_name (Linux 4.15)");

struct bpf_attr_attach {
	uint32_t target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd;
};
static_assert(sizeof(struct bpf_attr_attach) == 20, "bpf(2), BPF_PROG_ATTACH up to replace_bpf_fd (Linux 5.5)");

struct bpf_attr_query {
	uint32_t target_fd, attach_type, query_flags, attach_flags;
	uint64_t prog_ids;
	uint32_t prog_cnt, pad;
};
static_assert(sizeof(struct bpf_attr_query) == 32, "bpf(2), BPF_PROG_QUERY up to prog_cnt (Linux 4.15)");

struct bpf_attr_get_fd {
	uint32_t prog_id, next_id, open_flags, pad;
};
