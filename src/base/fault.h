/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h - the part that a process plays, said once when it begins, so that the fault build (meson option `faults`,
 * tests/faults/wrap.c) can count and fail that part's calls by themselves. Nothing in every other build.
 *
 * Parts: "tare", "monitor", "child" (between clone3(2) and execve(2)), "process" (of exec, likewise), "runtime", "image",
 * "reap", "tared", "top", "scope-guard". Callable after clone3(2), but not with CLONE_VM: the count is the process's own. */
#pragma once

#ifdef TARE_FAULTS
void fault_role(const char *role);
#else
static inline void fault_role(const char *role)
{
	(void)role;
}
#endif
