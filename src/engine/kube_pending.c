/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that did not fit begin when there is room: after each change of what there is, and when a pod has ended. */
#include "engine/kube_priv.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/kube_sandbox.h"

#include <string.h>

static int store_reason(struct engine *en, const struct kube_row *row, const char *reason, struct err *e)
{
	struct kube_row now = *row;

	now.reason = reason;
	return kube_store(en, &now, e);
}

static int begin(struct engine *en, struct kube_site *site, const struct kube_world *w, size_t i, struct arena *a,
		 struct err *e)
{
	const struct kube_sources sources = { w->objects, w->rows.n };
	int sock = -1, r = kube_write_tiers(site, w, a, e);

	if (r == 0)
		r = kube_pod_start(site, &w->pods[i], &sources, a, &sock, e);
	return r == 0 && sock >= 0 ? kube_sandbox_settled(sock, e) : r;
}

/* What cannot be made after all waits on, with that as its reason. */
static void give_up(struct engine *en, struct kube_site *site, const struct kube_running *p, const char *why,
		    struct arena *a)
{
	struct err e = { 0 };
	const char *reason = arena_str(a, why);

	if (kube_pod_end(site, p, 0, a, &e) < 0 || store_reason(en, p->row, reason ? reason : "", &e) < 0)
		log_warning("%s", e.msg);
}

int kube_pending_begin(struct engine *en, const struct kube_options *o, struct arena *a, struct err *e)
{
	struct kube_world w;
	struct kube_site site;
	int r = kube_look(en, o, a, &w, &site, e);

	for (size_t i = 0; r == 0 && i < w.n_pods; i++) {
		struct kube_row *row = &w.rows.v[w.pods[i].row - w.rows.v];
		const char *still = NULL;
		struct err why = { 0 };

		if (!row->reason)
			continue;
		r = kube_admit_pending(&w, &site, i, &still, a, e);
		if (r < 0 || (still && strcmp(still, row->reason) == 0))
			continue;
		r = store_reason(en, row, still, e);
		row->reason = still;
		if (r == 0 && !still && begin(en, &site, &w, i, a, &why) < 0) {
			give_up(en, &site, &w.pods[i], why.msg, a);
			row->reason = "";
		}
	}
	return r;
}

int kube_settle(struct engine *en, const char *cgroup, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	const struct kube_options o = { .grace_s = -1, .cgroup_root = kube_root_of_path(cgroup, &a) };
	scoped_work k = { en, &o, &a, NULL, NULL, e, .lock = -1 };
	int r = kube_work_open(&k);

	if (r == 0)
		r = kube_write_tiers(&k.site, &k.world, &a, e);
	return r < 0 ? r : kube_pending_begin(en, &o, &a, e);
}
