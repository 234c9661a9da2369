/* SPDX-License-Identifier: Apache-2.0 */
/* What others write about units of systemd: cgroupsPath (first line) and an annotation's value. */
#include "systemd/property.h"

#include "base/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena a = ARENA(1 << 20);
	scoped_buf out = BUF(1 << 20);
	struct unit_properties l = { .arena = &a };
	struct unit_name u;
	struct sv head, rest;
	const char *path, *value;
	struct err e;

	(void)sv_cut((struct sv){ (const char *)data, size }, '\n', &head, &rest);
	path = arena_sv(&a, head);
	value = arena_sv(&a, rest);
	if (path && unit_name_parse(path, "id", false, &a, &u, &e) == 0 && u.name[0] == '\0')
		abort();
	if (value &&
	    unit_properties_annotations(
		    &l, &(struct oci_pairs){ &(struct oci_pair){ "org.systemd.property.TestSec", value }, 1 }, &e) == 0)
		unit_properties_print(&l, &out);
	return 0;
}
