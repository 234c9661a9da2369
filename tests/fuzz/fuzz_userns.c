/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_userns.c - "mode|subuid|settings". What is taken makes sense to the kernel. */
#include "engine/settings.h"
#include "spec/userns.h"

#include "base/limits.h"
#include "base/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_mode(struct sv text, struct arena *a)
{
	const char *mode = arena_sv(a, text);
	struct userns_mode m;

	if (!mode || userns_mode_parse(mode, a, &m, NULL) < 0)
		return;
	if (m.kind == USERNS_AUTO)
		require(m.size >= USERNS_AUTO_MIN && m.size <= USERNS_AUTO_MAX);
	if (m.kind == USERNS_MAP)
		require(id_map_check(&m.map, NULL) == 0 && id_map_outside(&m.map, 0) != ID_NONE);
}

/* Lines of <state>/.userns: what is taken is printed as it was, but for leading zeros. */
static void check_commands(struct sv text)
{
	struct sv line;

	while (sv_next(&text, '\n', &line)) {
		pid_t pid = -7, again;
		uint64_t ticks = 7, same;
		char printed[48];

		if (!userns_command_parse(line, &pid, &ticks)) {
			require(pid == -7 && ticks == 7);
			continue;
		}
		require(pid > 0);
		(void)snprintf(printed, sizeof printed, "%d %llu", (int)pid, (unsigned long long)ticks);
		require(userns_command_parse(sv_from(printed), &again, &same) && again == pid && same == ticks);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv all = { (const char *)data, size }, mode, rest, subuid, conf;
	scoped_arena a = ARENA(LIMIT_SUBID);
	struct id_ranges ranges;
	struct settings s;

	(void)sv_cut(all, '|', &mode, &rest);
	(void)sv_cut(rest, '|', &subuid, &conf);
	check_mode(mode, &a);
	check_commands(all);
	if (subid_parse(subuid, "f", USERNS_USER, &a, &ranges, NULL) == 0) {
		require(ranges.n > 0 && ranges.n <= LIMIT_SUBID_RANGES);
		for (size_t i = 0; i < ranges.n; i++)
			require(ranges.v[i].count && (uint64_t)ranges.v[i].first + ranges.v[i].count <= ID_NONE);
	}
	if (settings_parse(conf, "f", &a, &s, NULL) == 0)
		require(s.subuid[0] == '/' && s.subgid[0] == '/');
	return 0;
}
