/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_events.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "monitor/pod_charter.h"
#include "oci/list.h"

static bool take_word(struct sv *line, struct arena *a, const char **ret)
{
	struct sv word, rest;

	if (!sv_cut(*line, ' ', &word, &rest))
		return false;
	*line = rest;
	*ret = arena_sv(a, word);
	return *ret != NULL;
}

static bool read_line(struct sv line, struct arena *a, struct kube_event *ret)
{
	struct kube_event v = { 0 };
	const char *first, *last, *count;

	if (!take_word(&line, a, &first) || !take_word(&line, a, &last) || !take_word(&line, a, &count) ||
	    !take_word(&line, a, &v.type) || !take_word(&line, a, &v.reason) || !take_word(&line, a, &v.container) ||
	    sv_i64(sv_from(first), &v.first_ns) < 0 || sv_i64(sv_from(last), &v.last_ns) < 0 ||
	    sv_u64(sv_from(count), &v.count) < 0)
		return false;
	v.text = arena_sv(a, line);
	*ret = v;
	return v.text != NULL;
}

int kube_events_parse(struct sv text, struct arena *a, struct kube_events *ret)
{
	struct kube_events l = { 0 };
	struct sv line;

	while (sv_next(&text, '\n', &line)) {
		struct kube_event one, *kept;

		if (!read_line(line, a, &one))
			continue;
		kept = LIST_ADD(a, &l);
		if (!kept)
			return -ENOMEM;
		*kept = one;
	}
	*ret = l;
	return 0;
}

int kube_events_read(struct engine *en, const char *uid, struct arena *a, struct kube_events *ret, struct err *e)
{
	const char *path = arena_fmt(a, POD_DIRECTORY "/%s/" POD_EVENTS_FILE, uid);
	scoped_buf text = BUF(LIMIT_RECORD);
	struct err why = { 0 };
	int r = path ? io_read_at(en->state, path, &text, &why) : -ENOMEM;

	*ret = (struct kube_events){ 0 };
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "%s", why.msg);
	return kube_events_parse(buf_sv(&text), a, ret) < 0 ? err_oom(e) : 0;
}
