/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "observe/metrics.h"

#include "base/scope.h"

#include <string.h>

static char text[64 << 10];

/* The whole text of one subject. */
static const char *printed(struct metrics_subject *s)
{
	static const struct metrics_device sda = { 8, 0, "/dev/sda" };
	struct metrics m = { .subjects = s, .n = s ? 1 : 0, .devices = &sda, .n_devices = 1, .cpus = 2,
			     .memory_bytes = 100, .now_ns = INT64_C(5000000000) };
	scoped_arena a = ARENA(1 << 20);
	scoped_buf out = BUF(sizeof text);

	assert_int_equal(0, metrics_print(&m, &a, &out, NULL));
	assert_int_equal(0, sv_copy(buf_sv(&out), text, sizeof text));
	return text;
}

TEST(pieces_are_whole_lines_and_the_text_together)
{
	struct cgroup_stat one;
	const struct metrics_subject s[2] = { { .id = "/a", .st = &one }, { .id = "/b", .st = &one } };
	const struct metrics m = { .subjects = s, .n = 2 };
	struct metrics_text t;
	scoped_arena a = ARENA(1 << 20);
	scoped_buf whole = BUF(sizeof text), out = BUF(sizeof text);
	size_t pieces = 0;

	cgroup_stat_init(&one);
	one.pids.current = 3;
	one.cpu.usage_ns = 5;
	assert_int_equal(0, metrics_print(&m, &a, &whole, NULL));
	assert_int_equal(0, metrics_text_init(&t, &m, &a, NULL));
	for (; metrics_text_next(&t, &out); pieces++)
		assert_int_equal('\n', out.p[out.len - 1]);
	assert_true(pieces > 20);
	assert_false(metrics_text_next(&t, &out));
	assert_string_equal(whole.p, out.p);
	assert_non_null(strstr(out.p, "\ncontainer_threads{id=\"/b\"} 3\n"));
	assert_non_null(strstr(out.p, "\ncontainer_cpu_usage_seconds_total{id=\"/b\",cpu=\"total\"} 0.000000005\n"));
}

static struct cgroup_stat st;
static struct net_interfaces net;

static struct metrics_subject subject(const char *id)
{
	cgroup_stat_init(&st);
	net.n = 0;
	return (struct metrics_subject){ .id = id, .st = &st, .net = &net };
}

static void has(const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at > text && at[-1] != '\n'))
		fail_msg("no line %s in:\n%s", line, text);
}

TEST(times_are_exact_seconds_and_limits_that_are_none_are_zero)
{
	struct metrics_subject s = subject("/a");

	st.cpu.usage_ns = INT64_C(1234567890123456789);
	st.cpu.pressure.some.total_us = 1500000;
	st.memory.limit_bytes = CG_MAX;
	st.cpu.quota_us = CG_MAX;
	(void)printed(&s);
	has("container_cpu_usage_seconds_total{id=\"/a\",cpu=\"total\"} 1234567890.123456789\n");
	has("container_pressure_cpu_waiting_seconds_total{id=\"/a\"} 1.500000\n");
	has("container_spec_memory_limit_bytes{id=\"/a\"} 0\n");
	has("container_last_seen{id=\"/a\"} 5\n");
	assert_null(strstr(text, "container_spec_cpu_quota{"));
	assert_null(strstr(text, "container_memory_usage_bytes{")); /* not known */
	assert_null(strstr(text, "container_start_time_seconds{"));
}

TEST(labels_are_those_that_it_has_and_are_escaped)
{
	struct metrics_subject s = subject("/a\"\\\n");

	s.name = "web";
	s.image = "nginx";
	s.pod = "p";
	s.namespace = "n";
	s.container = "c";
	st.pids.current = 3;
	(void)printed(&s);
	has("container_threads{container=\"c\",id=\"/a\\\"\\\\\\n\",image=\"nginx\",name=\"web\",namespace=\"n\",pod=\"p\"} 3\n");
}

TEST(devices_and_interfaces_are_labels)
{
	struct metrics_subject s = subject("/a");

	st.io.n = 2;
	st.io.device[0] = (struct cgroup_device_io){ .major = 8, .read_bytes = 7, .write_bytes = CG_UNSET };
	st.io.device[1] = (struct cgroup_device_io){ .major = 9, .minor = 1, .reads = 4 };
	net.n = 1;
	memcpy(net.v[0].name, "eth0", 5);
	net.v[0].totals.rx_bytes = UINT64_MAX;
	(void)printed(&s);
	has("container_fs_reads_bytes_total{id=\"/a\",device=\"/dev/sda\"} 7\n");
	has("container_fs_reads_total{id=\"/a\",device=\"9:1\"} 4\n");
	has("container_network_receive_bytes_total{id=\"/a\",interface=\"eth0\"} 18446744073709551615\n");
	assert_null(strstr(text, "container_fs_writes_bytes_total{id=\"/a\",device=\"/dev/sda\"}"));
}

/* Every metric has its head once, and samples of it stand right behind. */
TEST(each_metric_is_one_block_with_a_head)
{
	struct metrics_subject s = subject("/a");
	const char *at;

	st.memory.pgfault = st.memory.pgmajfault = 1;
	st.memory.usage_bytes = 10;
	st.memory.inactive_file = 20;
	(void)printed(&s);
	at = strstr(text, "# TYPE container_memory_failures_total counter\n");
	assert_non_null(at);
	assert_null(strstr(at + 1, "# TYPE container_memory_failures_total"));
	has("container_memory_failures_total{id=\"/a\",failure_type=\"pgmajfault\",scope=\"hierarchy\"} 1\n");
	has("container_memory_working_set_bytes{id=\"/a\"} 0\n");
	(void)printed(NULL);
	has("container_scrape_error 0\n");
	has("machine_cpu_cores 2\n");
	assert_null(strstr(text, "{id="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(pieces_are_whole_lines_and_the_text_together),
		RUN(times_are_exact_seconds_and_limits_that_are_none_are_zero),
		RUN(labels_are_those_that_it_has_and_are_escaped),
		RUN(devices_and_interfaces_are_labels),
		RUN(each_metric_is_one_block_with_a_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
