/* SPDX-License-Identifier: Apache-2.0 */
/* -v, --mount and --tmpfs: each form, as one line of what it became, or the message. */
#include "base/scope.h"
#include "base/path.h"
#include "cli/value.h"

#include "../test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* "bind /src /dst ro rslave make" */
static const char *show(const struct mount_config *m, struct arena *a)
{
	static const char *const types[] = { "bind", "volume", "tmpfs" };
	char *text = arena_fmt(
		a, "%s %s %s%s%s%s%s%s%s%s%s", types[m->type], m->source ? m->source : "-", m->target,
		m->readonly ? " ro" : "", m->propagation ? " " : "", m->propagation ? m->propagation : "",
		m->idmap ? " idmap" : "", m->make_source ? " make" : "", m->volume_nocopy ? " nocopy" : "",
		m->non_recursive ? " flat" : "", m->tmpfs_options ? arena_fmt(a, " [%s]", m->tmpfs_options) : "");

	if (m->tmpfs_size)
		text = arena_fmt(a, "%s size=%lld", text, (long long)m->tmpfs_size);
	return m->tmpfs_mode == OCI_UNSET ? text : arena_fmt(a, "%s mode=%llo", text, (long long)m->tmpfs_mode);
}

struct mount_case {
	const char *text, *mount, *message;
};

typedef int parse_fn(const char *text, struct arena *a, struct mount_config *ret, struct err *e);

static void check(const struct mount_case *c, size_t n, parse_fn *parse)
{
	for (size_t i = 0; i < n; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct mount_config m = { .target = NULL };
		struct err e = { 0 };
		int r = parse(c[i].text, &a, &m, &e);

		if (r < 0) {
			assert_string_equal(c[i].message ? c[i].message : c[i].mount, e.msg);
			assert_null(m.target);
		} else {
			assert_string_equal(c[i].mount ? c[i].mount : c[i].message, show(&m, &a));
		}
	}
}

#define BAD_V(text) "invalid volume specification: '" text "': "
#define BAD_BIND "invalid mount config for type \"bind\": "
#define BAD_VOLUME "invalid mount config for type \"volume\": "
#define BAD_TMPFS "invalid mount config for type \"tmpfs\": "
#define VOLUME_NAME                                                                                                    \
	"includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you "  \
	"intended to pass a host directory, use absolute path"

static const struct mount_case volumes[] = {
	{ "/src:/dst", "bind /src /dst make" },
	{ "/src:/dst:ro,rslave", "bind /src /dst ro rslave make" },
	{ "/src:/dst:idmap,ro", "bind /src /dst ro idmap make" },
	{ "/src:/dst:rw,z", "bind /src /dst make" },
	{ "/src:/dst:Z,cached", "bind /src /dst make" },
	{ "/a/../b/:/c//d/", "bind /b /c/d make" },
	{ "/:/d", "bind / /d make" },
	{ "/dst", "volume - /dst" },
	{ "name:/dst:ro", "volume name /dst ro" },
	{ "name:/dst:nocopy", "volume name /dst nocopy" },
	{ "/src:/dst:private", "bind /src /dst private make" },
	{ "/a:/b:ro:q", .message = "invalid spec: /a:/b:ro:q: too many colons" },
	{ ":/b", .message = "invalid spec: :/b: empty section between colons" },
	{ "/a:/b:", .message = "invalid spec: /a:/b:: empty section between colons" },
	{ "/a:", .message = "invalid spec: /a:: empty section between colons" },
	{ "", .message = "invalid spec: : empty section between colons" },
	{ "/a:/b:zz", .message = "invalid mode: zz (of ro, rw, z, Z, nocopy, idmap, [r]private, [r]shared, [r]slave)" },
	{ "/a:/b:ro,rw",
	  .message = "invalid mode: ro,rw (of ro, rw, z, Z, nocopy, idmap, [r]private, [r]shared, [r]slave)" },
	{ "/a:/b:ro,",
	  .message = "invalid mode: ro, (of ro, rw, z, Z, nocopy, idmap, [r]private, [r]shared, [r]slave)" },
	{ "/a:ro", .message = "invalid volume specification: '/a:ro' ([SOURCE:]TARGET[:MODE])" },
	{ "/s:/", .message = BAD_V("/s:/") BAD_BIND "invalid specification: destination can't be '/'" },
	{ "/s:rel", .message = BAD_V("/s:rel") BAD_BIND "invalid mount path: 'rel' mount path must be absolute" },
	{ "rel", .message = BAD_V("rel") BAD_VOLUME "invalid mount path: 'rel' mount path must be absolute" },
	{ "~/x:/d", .message = BAD_V("~/x:/d") "\"~/x\" " VOLUME_NAME },
	{ "x:/d",
	  .message = BAD_V("x:/d") "volume name is too short, names should be at least two alphanumeric characters" },
	{ "vv:/d:rslave", .message = BAD_V("vv:/d:rslave") BAD_VOLUME "field BindOptions must not be specified" },
	{ "/s:/d:nocopy", .message = BAD_V("/s:/d:nocopy") BAD_BIND "field VolumeOptions must not be specified" },
};

TEST(volume_forms)
{
	check(volumes, ARRAY_LEN(volumes), value_volume);
}

static const struct mount_case mounts[] = {
	{ "type=bind,src=/a,dst=/b", "bind /a /b" },
	{ "TYPE=BIND,SRC=/a,dst=/b", "bind /a /b" },
	{ "type=bind,source=/a,destination=/b,readonly", "bind /a /b ro" },
	{ "type=bind,src=/a,dst=/b,bind-propagation=rslave,bind-recursive=disabled", "bind /a /b rslave flat" },
	{ "type=bind,src=/a,dst=/b,bind-nonrecursive", "bind /a /b flat" },
	{ "type=bind,src=/a,dst=/b,idmap", "bind /a /b idmap" },
	{ "type=bind,src=/a,dst=/b,consistency=cached", "bind /a /b" },
	{ "type=bind,src=/a,dst=/b,src=/c", "bind /c /b" },
	{ "\"type=bind\",\"src=/a,c\",dst=/b", "bind /a,c /b" },
	{ "type=bind,\"src=/a\"\"b\",dst=/b", "bind /a\"b /b" },
	{ "src=vv,dst=/b,ro=false", "volume vv /b" },
	{ "type=volume,source=vv,target=/b,ro=1,volume-nocopy=true", "volume vv /b ro nocopy" },
	{ "dst=/b", "volume - /b" },
	{ "type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1777", "tmpfs - /t size=67108864 mode=1777" },
	{ "type=tmpfs,dst=/t,tmpfs-mode=0", "tmpfs - /t mode=0" },
	{ "src=/x", .message = "target is required" },
	{ "type=bind,src=/x", .message = "target is required" },
	{ "type=bind,src=/x,dst=", .message = "target is required" },
	{ "type=,dst=/b", .message = "type is required" },
	{ "type=foo,dst=/b",
	  .message = "invalid mount config for type \"foo\": mount type unknown (bind, volume, tmpfs)" },
	{ "x", .message = "invalid field 'x' must be a key=value pair" },
	{ "", .message = "invalid field '' must be a key=value pair" },
	{ "type=bind,", .message = "invalid field '' must be a key=value pair" },
	{ "src,dst=/b", .message = "invalid field 'src' must be a key=value pair" },
	{ "type=bind,src=/a,dst=/b,foo=x", .message = "unexpected key 'foo' in 'foo=x'" },
	{ "type=bind,src=/a,dst=/b,ro=x", .message = "invalid value for ro: x" },
	{ "type=tmpfs,dst=/x,tmpfs-size=q", .message = "invalid value for tmpfs-size: q" },
	{ "type=tmpfs,dst=/t,tmpfs-mode=9", .message = "invalid value for tmpfs-mode: 9" },
	{ "type=tmpfs,dst=/t,tmpfs-mode=", .message = "invalid value for tmpfs-mode: " },
	{ "type=tmpfs,dst=/t,tmpfs-mode=77777", .message = "invalid value for tmpfs-mode: 77777" },
	{ "type=bind,src=/a,dst=/b,tmpfs-size=1", .message = "cannot mix 'tmpfs-*' options with mount type 'bind'" },
	{ "type=volume,dst=/b,bind-propagation=slave",
	  .message = "cannot mix 'bind-*' options with mount type 'volume'" },
	{ "type=volume,src=ab,dst=/b,idmap", .message = "cannot mix 'bind-*' options with mount type 'volume'" },
	{ "type=bind,src=/a,dst=/b,volume-nocopy", .message = "cannot mix 'volume-*' options with mount type 'bind'" },
	{ "type=bind,src=/a,dst=/b,bind-propagation=foo",
	  .message = "invalid propagation mode: foo ([r]private, [r]shared, [r]slave)" },
	{ "type=bind,src=/a,dst=/b,bind-recursive=foo",
	  .message = "invalid value for bind-recursive: foo (must be \"enabled\", \"disabled\", \"writable\", or "
		     "\"readonly\")" },
	{ "type=bind,src=/a,dst=/b,bind-recursive=readonly",
	  .message = "bind-recursive=readonly is not supported (enabled, disabled)" },
	{ "type=volume,dst=/b,volume-opt=a=b", .message = "volume-opt is not supported" },
	{ "type=volume,dst=/b,volume-driver=nfs", .message = "volume-driver: only local is supported" },
	{ "type=bind,src=a,dst=/b", .message = BAD_BIND "invalid mount path: 'a' mount path must be absolute" },
	{ "type=bind,src=/a,dst=b", .message = BAD_BIND "invalid mount path: 'b' mount path must be absolute" },
	{ "type=bind,dst=/b", .message = BAD_BIND "field Source must not be empty" },
	{ "type=bind,src=/a,dst=/b/..", .message = BAD_BIND "invalid specification: destination can't be '/'" },
	{ "type=tmpfs,dst=/t,src=x", .message = BAD_TMPFS "field Source must not be specified" },
	{ "dst=/b,ro", .message = BAD_VOLUME "must not set ReadOnly mode when using anonymous volumes" },
	{ "src=a/b,dst=/b", .message = "\"a/b\" " VOLUME_NAME },
	{ "a\"b,dst=/c", .message = "parse error in 'a\"b': bare \" in non-quoted-field" },
	{ "\"dst=/c", .message = "parse error in '\"dst=/c': extraneous or missing \" in quoted-field" },
	{ "\"dst=/c\"\"", .message = "parse error in '\"dst=/c\"\"': extraneous or missing \" in quoted-field" },
	{ "\"dst=/c\"x", .message = "parse error in '\"dst=/c\"x': extraneous or missing \" in quoted-field" },
	{ "\"", .message = "parse error in '\"': extraneous or missing \" in quoted-field" },
};

TEST(mount_forms)
{
	check(mounts, ARRAY_LEN(mounts), value_mount);
}

#define TMPFS_HELP " (size=, mode=, uid=, gid=, nr_inodes=, nr_blocks=, mpol=, or a mount flag)"

static const struct mount_case tmpfs[] = {
	{ "/x", "tmpfs - /x" },
	{ "/x:", "tmpfs - /x" },
	{ "/x/../y:size=64m,mode=1777,exec", "tmpfs - /y [size=64m,mode=1777,exec]" },
	{ "x", .message = BAD_TMPFS "invalid mount path: 'x' mount path must be absolute" },
	{ "", .message = BAD_TMPFS "invalid mount path: '' mount path must be absolute" },
	{ "/", .message = BAD_TMPFS "invalid specification: destination can't be '/'" },
	{ "/a:foo", .message = "invalid tmpfs option \"foo\"" TMPFS_HELP },
	{ "/a:size=50%,nr_inodes=1k,uid=0,mpol=local", "tmpfs - /a [size=50%,nr_inodes=1k,uid=0,mpol=local]" },
	{ "/a:size=x", .message = "invalid tmpfs option \"size=x\"" TMPFS_HELP },
	{ "/a:mode=9", .message = "invalid tmpfs option \"mode=9\"" TMPFS_HELP },
	{ "/a:uid=-1", .message = "invalid tmpfs option \"uid=-1\"" TMPFS_HELP },
	{ "/a:nr_inodes=5%", .message = "invalid tmpfs option \"nr_inodes=5%\"" TMPFS_HELP },
	{ "/a:size=", .message = "invalid tmpfs option \"size=\"" TMPFS_HELP },
	{ "/a:rw,,ro", .message = "invalid tmpfs option \"\"" TMPFS_HELP },
	{ "/a:remount", .message = "invalid tmpfs option \"remount\"" TMPFS_HELP },
};

TEST(tmpfs_forms)
{
	check(tmpfs, ARRAY_LEN(tmpfs), value_tmpfs);
}

TEST(relative_sources_count_from_the_working_directory)
{
	scoped_arena a = ARENA(1 << 20);
	struct mount_config m;
	char cwd[4096];

	assert_non_null(getcwd(cwd, sizeof cwd));
	assert_int_equal(0, value_volume("./rel:/dst", &a, &m, NULL));
	assert_string_equal(arena_fmt(&a, "%s/rel", cwd), m.source);
	assert_int_equal(0, value_volume(".:/dst", &a, &m, NULL));
	assert_string_equal(cwd, m.source);
	assert_int_equal(0, value_mount("type=bind,src=./a,dst=/b", &a, &m, NULL));
	assert_string_equal(arena_fmt(&a, "%s/a", cwd), m.source);
	assert_int_equal(0, value_volume("..:/dst", &a, &m, NULL));
	assert_string_equal(path_clean(&a, sv_from(arena_fmt(&a, "%s/..", cwd))), m.source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(volume_forms),
		RUN(mount_forms),
		RUN(tmpfs_forms),
		RUN(relative_sources_count_from_the_working_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
