/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - the ceilings: whatever somebody else can grow ends here, with an ordinary error. */
#pragma once

#define LIMIT_CONFIG_JSON (4u << 20)   /* a bundle's config.json; Docker's own are below 64 KiB */
#define LIMIT_ARENA_SPEC (16u << 20)   /* what such a document may become in memory */
#define LIMIT_IMAGE_CONFIG (8u << 20)  /* an image's config blob; Docker Hub's largest are below 1 MiB */
#define LIMIT_MANIFEST (4u << 20)      /* image-spec: registries refuse manifests above 4 MiB */
#define LIMIT_PROC_FILE (4u << 20)     /* mountinfo of a node with tens of thousands of mounts */
#define LIMIT_CGROUP_FILE (1u << 20)   /* memory.stat, cgroup.procs of a large container */
#define LIMIT_RECORD (64u << 10)       /* outcome, intent, one record of ours */
#define LIMIT_ENV_FILE (1u << 20)      /* --env-file, --label-file */
#define LIMIT_PASSWD (1u << 20)        /* /etc/passwd and /etc/group of an image */
#define LIMIT_CONTROL_MSG (8u << 20)   /* one request to a monitor: config.json and a little more */
#define LIMIT_SECCOMP_PROFILE (1u << 20) /* --security-opt seccomp=FILE */
#define LIMIT_NAME 128                 /* a container's, image's or volume's name, bytes */
