/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "manifest/compose.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

static const char *variable(void *context, const char *name)
{
	return strcmp(name, "A") == 0 ? "a" : strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static struct arena others = { .max = 1 << 20 };

/* The one other file that there is. */
static int document(void *context, const char *file, const struct node **ret, struct err *e)
{
	struct documents d;
	int r = strcmp(file, "other.yaml") != 0 ?
			err_set(e, ENOENT, "no such file") :
			documents_parse(SV("services: {base: {extends: below, image: other, cap_add: [B]}, "
					   "below: {cap_add: [C], pid: host}}"),
					&others, &d, e);

	if (r == 0)
		*ret = d.v[0];
	return r;
}

static const struct compose_outside outside = { .variable = variable, .document = document };

static const struct {
	const char *text, *is; /* NULL: refused */
} expansions[] = {
	{ "plain", "plain" },	       { "$A-${A}", "a-a" },	  { "$$A", "$A" },
	{ "${NO:-x}", "x" },	       { "${EMPTY:-x}", "x" },	  { "${EMPTY-x}", "" },
	{ "${NO:-${A}b}c", "abc" },    { "${A:+y}${NO:+y}", "y" }, { "$NO.", "." },
	{ "${A:?why}", "a" },	       { "${NO:?why}", NULL },	  { "${EMPTY?why}", "" },
	{ "${", NULL },		       { "${}", NULL },		  { "$", NULL },
	{ "${A:}", NULL },	       { "${A!x}", NULL },	  { "$1", NULL },
	{ "${1:-x}", NULL },	       { "${A", NULL },
};

TEST(variables_are_what_compose_says)
{
	struct arena a = ARENA(1 << 16);

	for (size_t i = 0; i < ARRAY_LEN(expansions); i++) {
		const char *got = compose_expand(expansions[i].text, &outside, &a);

		if (!expansions[i].is)
			assert_null(got);
		else if (!got || strcmp(got, expansions[i].is) != 0)
			fail_msg("%s: %s", expansions[i].text, got ? got : "refused");
	}
	arena_done(&a);
}

/* The words of the first service, parted by blanks. */
static int read_first(const char *yaml, struct arena *a, const char **ret, struct err *e)
{
	struct documents d;
	struct compose_services l = { 0 };
	const char *line = "";
	int r = documents_parse(sv_from(yaml), a, &d, e);

	if (r == 0 && (d.n != 1 || !compose_is(d.v[0])))
		return -ENOENT;
	if (r == 0)
		r = compose_read(d.v[0], &outside, a, &l, e);
	for (size_t i = 0; r == 0 && l.n && i < l.v[0].args.n; i++)
		line = arena_fmt(a, "%s%s%s", line, i ? " " : "", l.v[0].args.v[i]);
	*ret = line;
	return r;
}

static const struct {
	const char *yaml, *line, *msg;
} services[] = {
	{ "services: {web: {image: 'nginx:1'}}", "nginx:1", NULL },
	{ "services: {web: {build: .}}", "@", NULL },
	{ "services: {web: {image: x, mem_limit: 64m, privileged: true, read_only: no}}", "--memory 64m --privileged x",
	  NULL },
	{ "services: {web: {image: x, deploy: {resources: {limits: {cpus: '0.5', memory: 1G, pids: 7}}}}}",
	  "--cpus 0.5 --memory 1G --pids-limit 7 x", NULL },
	{ "services: {web: {image: x, environment: {A: 1, B: ~}}}", "--env A=1 --env B x", NULL },
	{ "services: {web: {image: x, environment: [A=1, 'B=${A}']}}", "--env A=1 --env B=a x", NULL },
	{ "services: {web: {image: x, volumes: ['/etc:/e:ro,z', './d:/d', 'v:/v', '/anon']}}",
	  "--volume /etc:/volume-0:ro x", NULL },
	{ "services: {web: {image: x, volumes: [{type: bind, source: /srv, target: /s}]}}", "--volume /srv:/volume-0 x",
	  NULL },
	{ "services: {web: {image: x, network_mode: 'service:db', pid: host}}", "--pid host x", NULL },
	{ "services: {web: {image: x, logging: {driver: json-file, options: {max-size: 1m}}}}",
	  "--log-driver json-file --log-opt max-size=1m x", NULL },
	{ "services: {web: {image: x, command: java -Xmx1g}}", "x java -Xmx1g", NULL },
	{ "services: {web: {image: x, entrypoint: [java], command: [-Xmx1g]}}", "x java -Xmx1g", NULL },
	{ "x-base: &b {privileged: true, user: '7'}\nservices:\n  web:\n    <<: *b\n    image: x\n    user: '8'",
	  "--privileged --user 8 x", NULL },
	{ "services: {web: {image: x, mem_limit: '${NO}'}}", "x", NULL },
	{ "services: {web: {extends: base, image: x, cap_add: [A], privileged: false}, base: {cap_add: [Z], privileged: true, "
	  "image: y, command: run, profiles: [debug]}}",
	  "--cap-add Z --privileged --cap-add A --privileged=false x run", NULL },
	{ "services: {web: {extends: {service: base, file: other.yaml}, pid: private}, base: {image: mine}}",
	  "--cap-add C --pid host --cap-add B other", NULL },
	{ "services: {web: {extends: web}}", NULL,
	  "line 1, column 27: services.web.extends: services extend each other too deep, or in a ring, got web" },
	{ "services: {web: {extends: {service: db}}}", NULL,
	  "line 1, column 37: services.web.extends: there is no such service, got db" },
	{ "services: {web: {extends: {file: x}}}", NULL,
	  "line 1, column 27: services.web.extends: expected the name of a service, got an object" },
	{ "services: {web: {image: x, privileged: some}}", NULL,
	  "line 1, column 40: services.web.privileged: expected true or false, got some" },
	{ "services: {web: [x]}", NULL, "line 1, column 17: services.web.: expected an object, got a list" },
	{ "services: {web: {image: x, volumes: /x}}", NULL,
	  "line 1, column 37: services.web.volumes: expected a list, got /x" },
	{ "services: {web: {image: '${NO:?}'}}", NULL,
	  "line 1, column 25: services.web.image: a variable is not set, or not written well, got \"${NO:?}\"" },
};

TEST(a_service_is_the_line_it_stands_for)
{
	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		struct arena a = ARENA(1 << 20);
		struct err e = { 0 };
		const char *line = NULL;
		int r = read_first(services[i].yaml, &a, &line, &e);

		if (services[i].line && (r < 0 || strcmp(line, services[i].line) != 0))
			fail_msg("%s: %s", services[i].yaml, r < 0 ? e.msg : line);
		if (services[i].msg && (r != -EINVAL || strcmp(e.msg, services[i].msg) != 0))
			fail_msg("%s: %s", services[i].yaml, r < 0 ? e.msg : line);
		arena_done(&a);
	}
}

static const struct {
	const char *text, *name, *value, *msg;
} dotenvs[] = {
	{ "# no\n\nX=1\nexport Y = two words # remark\n", "Y", "two words", NULL },
	{ "X='${A} #'\n", "X", "${A} #", NULL },
	{ "X=\"${A}\\n\\$A\\\"\" # remark", "X", "a\n$A\"", NULL },
	{ "X=1\nX=2\nZ=${X}-${A}-${NO:-n}", "Z", "2-a-n", NULL },
	{ "A=mine\nZ=$A", "Z", "a", NULL }, /* the world outside wins */
	{ "X=\nalone\n", "X", "", NULL },
	{ "X=a#b", "X", "a#b", NULL },
	{ "X=\"open\n", NULL, NULL, "line 1: expected NAME=VALUE" },
	{ "X=1\n1X=2\n", NULL, NULL, "line 2: expected NAME=VALUE" },
	{ "=2\n", NULL, NULL, "line 1: expected NAME=VALUE" },
	{ "X=${A\n", NULL, NULL, "line 1: expected NAME=VALUE" },
};

TEST(lines_of_dotenv)
{
	for (size_t i = 0; i < ARRAY_LEN(dotenvs); i++) {
		struct arena a = ARENA(1 << 20);
		struct oci_pairs pairs = { 0 };
		struct err e = { 0 };
		const char *value = NULL;
		int r = compose_dotenv(sv_from(dotenvs[i].text), &outside, &a, &pairs, &e);

		for (size_t k = 0; dotenvs[i].name && k < pairs.n; k++)
			if (strcmp(pairs.v[k].key, dotenvs[i].name) == 0)
				value = pairs.v[k].value;
		if (dotenvs[i].msg ? r != -EINVAL || strcmp(dotenvs[i].msg, e.msg) != 0 :
				     r < 0 || !value || strcmp(value, dotenvs[i].value) != 0)
			fail_msg("%s: %s", dotenvs[i].text, r < 0 ? e.msg : value ? value : "not there");
		arena_done(&a);
	}
}

TEST(an_object_of_kubernetes_is_no_compose_file)
{
	struct arena a = ARENA(1 << 20);
	struct documents d;

	assert_int_equal(0, documents_parse(SV("apiVersion: v1\nservices: {}\n---\nkind: Pod\n---\nservices: [x]\n"),
					    &a, &d, NULL));
	for (size_t i = 0; i < d.n; i++)
		assert_false(compose_is(d.v[i]));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(variables_are_what_compose_says),
		RUN(a_service_is_the_line_it_stands_for),
		RUN(lines_of_dotenv),
		RUN(an_object_of_kubernetes_is_no_compose_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
