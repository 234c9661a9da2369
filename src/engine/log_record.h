/* SPDX-License-Identifier: Apache-2.0 */
/* log_record.h - one line of a json-file log (monitor/jsonlog.h, and Docker's own), back to what the container wrote. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>

struct log_record {
	struct sv text; /* in the buffer that was given */
	bool is_stderr;
	int64_t time_ns;
	struct sv attrs; /* the JSON object as it stands there; empty: none */
};

/* log_record_parse - line: without its newline. text: what the record held is put there, after being emptied. -EINVAL: not
 * a record, or damaged. */
int log_record_parse(struct sv line, struct buf *text, struct log_record *ret);

/* log_attrs_print - {"a":"b","c":"d"} as "a=b,c=d", as `docker logs --details` shows it */
void log_attrs_print(struct sv attrs, struct buf *out);
