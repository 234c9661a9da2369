/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settings.h"

#include "../test.h"
#include "../tmpdir.h"

#include <errno.h>

#define KEYS                                                                                                       \
	"cgroup-manager, cni-bin-dir, cni-cache-dir, cni-conf-dir, insecure-registry, keep-blobs, kube-max-pods, kube-reserved, "         \
	"max-layer-entries, max-layer-size, network, publish-default-ip, registry-attempts, registry-mirror, "            \
	"registry-timeout, subgid, subuid, userns-remap"

TEST(settings_are_lines_of_key_and_value)
{
	scoped_arena a = ARENA(1 << 16);
	struct settings s;

	assert_int_equal(
		0, settings_parse(SV("# tare.conf\n\n\tuserns-remap=default \n subuid = /a b\r\n"), "F", &a, &s, NULL));
	assert_true(s.userns_auto);
	assert_string_equal("/a b", s.subuid);
	assert_string_equal("/etc/subgid", s.subgid);
	assert_int_equal(0, settings_parse(SV("userns-remap = off"), "F", &a, &s, NULL));
	assert_false(s.userns_auto);
	assert_string_equal("bridge", s.network);
	assert_int_equal(0, settings_parse(SV("network = none\npublish-default-ip = ::1"), "F", &a, &s, NULL));
	assert_string_equal("none", s.network);
	assert_string_equal("::1", s.publish_default_ip);
}

TEST(registries_are_lists)
{
	scoped_arena a = ARENA(1 << 16);
	struct settings s;

	assert_int_equal(0, settings_parse(SV("insecure-registry = a.b:5000\nregistry-mirror = docker.io   https://m\n"
					      "insecure-registry = localhost\nregistry-timeout = 7\n"),
					   "F", &a, &s, NULL));
	assert_int_equal(2, s.insecure_registries.n);
	assert_string_equal("a.b:5000", s.insecure_registries.v[0]);
	assert_string_equal("localhost", s.insecure_registries.v[1]);
	assert_int_equal(1, s.registry_mirrors.n);
	assert_string_equal("docker.io https://m", s.registry_mirrors.v[0]);
	assert_int_equal(7, s.registry_timeout_s);
	assert_int_equal(5, s.registry_attempts);
}

TEST(what_is_wrong_is_named_with_its_line)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{ "\nuserns-remap\n", "F:2: not KEY = VALUE" },
		{ "userns_remap = default", "F:1: \"userns_remap\" is not a setting (" KEYS ")" },
		{ "= x", "F:1: \"\" is not a setting (" KEYS ")" },
		{ "userns-remap = me", "F:1: userns-remap: \"me\": allowed are default and off" },
		{ "subuid = /a\nsubuid = /b", "F:2: subuid: is there twice" },
		{ "network = blue", "F:1: network: \"blue\": allowed are bridge, none and host" },
		{ "publish-default-ip = eth0",
		  "F:1: publish-default-ip: \"eth0\": not an address of IPv4 or IPv6" },
		{ "subgid = etc/subgid", "F:1: subgid: \"etc/subgid\": an absolute path is needed" },
		{ "keep-blobs = never", "F:1: keep-blobs: \"never\": allowed are yes and no" },
		{ "cgroup-manager = runc", "F:1: cgroup-manager: \"runc\": allowed are cgroupfs and systemd" },
		{ "kube-max-pods = 10001", "F:1: kube-max-pods: \"10001\": allowed are 1 to 10000" },
		{ "kube-reserved = disk=1", "F:1: kube-reserved: \"disk=1\": allowed are cpu=AMOUNT and memory=AMOUNT, "
					    "parted by a comma" },
		{ "kube-reserved = cpu=1K", "F:1: kube-reserved: \"cpu=1K\": unable to parse quantity's suffix" },
		{ "kube-reserved = memory=-1",
		  "F:1: kube-reserved: \"memory=-1\": must be greater than or equal to 0" },
		{ "max-layer-size = much", "F:1: max-layer-size: \"much\": not a size (1048576, 512m, 20g)" },
		{ "max-layer-entries = 0", "F:1: max-layer-entries: \"0\": not a number above 0" },
		{ "registry-timeout = 0", "F:1: registry-timeout: \"0\": allowed are 1 to 3600 seconds" },
		{ "registry-attempts = many", "F:1: registry-attempts: \"many\": allowed are 1 to 100" },
		{ "insecure-registry = http://x",
		  "F:1: insecure-registry: \"http://x\": not a registry (HOST or HOST:PORT)" },
		{ "registry-mirror = docker.io",
		  "F:1: registry-mirror: \"docker.io\": not HOST URL (docker.io https://mirror.example)" },
		{ "registry-mirror = docker.io ftp://x",
		  "F:1: registry-mirror: \"docker.io ftp://x\": a mirror's URL begins with https:// or http://" },
		{ "subgid =", "F:1: subgid: \"\": an absolute path is needed" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 16);
		struct settings s = { .subuid = "untouched" };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, settings_parse(sv_from(cases[i].text), "F", &a, &s, &e));
		assert_string_equal(cases[i].msg, e.msg);
		assert_string_equal("untouched", s.subuid);
	}
}

TEST(a_file_that_was_named_must_be_there)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct settings s;
	struct err e = { 0 };

	assert_int_equal(-ENOENT, settings_read(tmpdir_path(&t, "tare.conf"), &a, &s, &e));
	assert_int_equal(0,
			 io_replace_at(t.fd, "tare.conf", "userns-remap = default\n", 23, 0644, IO_DISK_LATER, NULL));
	assert_int_equal(0, settings_read(tmpdir_path(&t, "tare.conf"), &a, &s, &e));
	assert_true(s.userns_auto);
}

TEST(the_environment_names_a_file_unless_the_command_line_does)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct settings s;

	assert_int_equal(0, io_replace_at(t.fd, "one", "network = host\n", 15, 0644, IO_DISK_LATER, NULL));
	assert_int_equal(0, io_replace_at(t.fd, "two", "network = none\n", 15, 0644, IO_DISK_LATER, NULL));
	assert_int_equal(0, setenv(SETTINGS_ENV, tmpdir_path(&t, "one"), 1));
	assert_int_equal(0, settings_read(NULL, &a, &s, NULL));
	assert_string_equal("host", s.network);
	assert_int_equal(0, settings_read(tmpdir_path(&t, "two"), &a, &s, NULL));
	assert_string_equal("none", s.network);
	assert_int_equal(0, setenv(SETTINGS_ENV, tmpdir_path(&t, "three"), 1));
	assert_int_equal(-ENOENT, settings_read(NULL, &a, &s, NULL));
	assert_int_equal(0, unsetenv(SETTINGS_ENV));
}

TEST(a_file_has_a_ceiling)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	static char text[100000];
	struct settings s;
	struct err e = { 0 };

	memset(text, '\n', sizeof text);
	assert_int_equal(0, io_replace_at(t.fd, "tare.conf", text, sizeof text, 0644, IO_DISK_LATER, NULL));
	assert_int_equal(-EMSGSIZE, settings_read(tmpdir_path(&t, "tare.conf"), &a, &s, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(settings_are_lines_of_key_and_value),
		RUN(registries_are_lists),
		RUN(what_is_wrong_is_named_with_its_line),
		RUN(a_file_that_was_named_must_be_there),
		RUN(the_environment_names_a_file_unless_the_command_line_does),
		RUN(a_file_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
