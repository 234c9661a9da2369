/* SPDX-License-Identifier: Apache-2.0 */
/* value.h - values of options from text, with Docker's meanings and, where it has one, Docker's text of the error.
 *
 * Each consumes the whole text or fails with -EINVAL; *ret is untouched then. The text names the value and what is
 * allowed, not the option: the option parser puts that in front. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "spec/config.h"
#include "options/scalar.h"

#include <stdbool.h>
#include <stdint.h>

/* value_nano - "1.5" -> 1500000000, "1/4"; -EINVAL also for what is finer than a billionth. */
int value_nano(const char *text, int64_t *ret, struct err *e);

/* value_number_list - cpuset(7) list format without strides: "0-3,7". what: "cpus" or "mems", for the message. */
int value_number_list(const char *text, const char *what, struct err *e);

/* value_signal - signal_from_name(); "Invalid signal: x" */
int value_signal(const char *text, int *ret, struct err *e);

/* value_ulimit - "nofile=1024:2048", "core=-1"; type is the kernel's name ("RLIMIT_NOFILE"), -1 UINT64_MAX. */
int value_ulimit(const char *text, struct arena *a, struct oci_rlimit *ret, struct err *e);

/* value_device - "/dev/a", "/dev/a:/dev/b", "/dev/a:r", "/dev/a:/dev/b:rwm" */
int value_device(const char *text, struct arena *a, struct device_config *ret, struct err *e);
int value_device_rule(const char *text, struct arena *a, struct err *e); /* "c 1:3 rwm", "a *:* rwm" */

/* ---- rates and weights: value_blkio.c ----------------------------------------------------------------------- */

/* value_rate - "/dev/sda:10mb", a rate in bytes (units as value_bytes) or a plain number of operations */
int value_rate(const char *text, bool bytes, struct arena *a, struct rate_config *ret, struct err *e);
int value_weight(const char *text, struct arena *a, struct weight_config *ret, struct err *e); /* "/dev/sda:500" */

/* ---- paths: value_path.c ------------------------------------------------------------------------------------ */

/* path_absolute - cleaned (base/path.h); a relative one counts from the working directory. */
int path_absolute(struct arena *a, const char *path, const char **ret, struct err *e);

/* ---- mounts: value_mount.c ---------------------------------------------------------------------------------- */

int value_volume(const char *text, struct arena *a, struct mount_config *ret, struct err *e); /* -v */
int value_mount(const char *text, struct arena *a, struct mount_config *ret, struct err *e);  /* --mount */
int value_tmpfs(const char *text, struct arena *a, struct mount_config *ret, struct err *e);  /* --tmpfs */

/* ---- environment and labels: value_env.c -------------------------------------------------------------------- */

/* value_env - "K=V" as it is; "K" takes the value of environ's K, and stays "K" (taken out of the image's environment)
 * when that has none. */
int value_env(const char *text, char *const *environ_, struct arena *a, const char **ret, struct err *e);

/* value_env_file - one K=V a line, nothing unquoted, '#' starts a comment line; "K" takes environ's value or is
 * dropped. environ NULL (labels): "K" stays "K". */
int value_env_file(struct sv text, char *const *environ_, struct arena *a, struct oci_strings *ret, struct err *e);

int value_label(const char *text, struct arena *a, struct oci_pair *ret, struct err *e); /* "k=v", "k" */
