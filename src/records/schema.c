/* SPDX-License-Identifier: Apache-2.0 */
#include "records/schema.h"

#include "base/scope.h"

/* Times are nanoseconds since 1970, sizes bytes, ids lower-case hexadecimal without "sha256:".
 * containers.seq keeps the order of creation; config is Docker's JSON (config.h). What happened to a container is not
 * here but in its outcome record. image_refs.name is in full: "docker.io/library/busybox:latest" or "...@sha256:…". */
static const char version_1[] =
	"CREATE TABLE containers("
	" seq INTEGER PRIMARY KEY,"
	" id TEXT NOT NULL UNIQUE,"
	" name TEXT NOT NULL UNIQUE,"
	" created_ns INTEGER NOT NULL,"
	" image_ref TEXT," /* as it was asked for; NULL: --rootfs */
	" image_id TEXT,"
	" cgroup TEXT NOT NULL," /* path in every hierarchy: what to kill when all else is lost */
	" auto_remove INTEGER NOT NULL,"
	" config TEXT NOT NULL);"
	"CREATE TABLE images("
	" id TEXT PRIMARY KEY,"
	" manifest TEXT,"           /* digest of its manifest's bytes in content/ */
	" created TEXT,"            /* RFC 3339, of the config */
	" recorded_ns INTEGER NOT NULL,"
	" config BLOB NOT NULL);"
	"CREATE TABLE image_refs("
	" name TEXT PRIMARY KEY,"
	" image_id TEXT NOT NULL REFERENCES images(id)) WITHOUT ROWID;"
	"CREATE INDEX image_refs_image ON image_refs(image_id);"
	"CREATE TABLE layers("
	" number INTEGER PRIMARY KEY,"
	" chain_id TEXT NOT NULL UNIQUE,"
	" diff_id TEXT NOT NULL,"
	" size INTEGER NOT NULL);"
	"CREATE TABLE image_layers("
	" image_id TEXT NOT NULL REFERENCES images(id),"
	" position INTEGER NOT NULL,"
	" layer INTEGER NOT NULL REFERENCES layers(number),"
	" PRIMARY KEY(image_id, position)) WITHOUT ROWID;"
	"CREATE INDEX image_layers_layer ON image_layers(layer);"
	"CREATE TABLE volumes("
	" name TEXT PRIMARY KEY,"
	" created_ns INTEGER NOT NULL,"
	" anonymous INTEGER NOT NULL,"
	" options TEXT NOT NULL) WITHOUT ROWID;" /* JSON: driver, labels, driver options */
	"CREATE TABLE container_volumes("
	" container_id TEXT NOT NULL REFERENCES containers(id),"
	" target TEXT NOT NULL,"
	" volume TEXT NOT NULL REFERENCES volumes(name),"
	" PRIMARY KEY(container_id, target)) WITHOUT ROWID;"
	"CREATE INDEX container_volumes_volume ON container_volumes(volume);";

/* The ids of the host that a container's user namespace has. allotted: chosen for it, so that nobody else may have them. */
static const char version_2[] = "CREATE TABLE id_ranges("
				" kind TEXT NOT NULL," /* uid, gid */
				" first INTEGER NOT NULL,"
				" container_id TEXT NOT NULL REFERENCES containers(id),"
				" count INTEGER NOT NULL,"
				" allotted INTEGER NOT NULL,"
				" PRIMARY KEY(kind, first, container_id)) WITHOUT ROWID;"
				"CREATE INDEX id_ranges_container ON id_ranges(container_id);";

/* Which blobs of content/ an image needs: a blob without a row here is nobody's. removed: force-removed while containers
 * still need its layers and defaults; it goes with the last of them. */
static const char version_3[] = "ALTER TABLE images ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;"
				"CREATE TABLE image_blobs("
				" image_id TEXT NOT NULL REFERENCES images(id),"
				" digest TEXT NOT NULL,"
				" PRIMARY KEY(image_id, digest)) WITHOUT ROWID;"
				"CREATE INDEX image_blobs_digest ON image_blobs(digest);"
				"INSERT INTO image_blobs SELECT id, id FROM images UNION"
				" SELECT id, manifest FROM images WHERE manifest IS NOT NULL;";

/* The digest by which a registry knows the image, where that is an index of several platforms. */
static const char version_4[] = "ALTER TABLE images ADD COLUMN index_digest TEXT;";

/* Kubernetes' objects: what was applied, and what was admitted. seq keeps their order. */
static const char version_5[] = "CREATE TABLE kube_objects("
				" seq INTEGER PRIMARY KEY,"
				" uid TEXT NOT NULL UNIQUE,"
				" kind TEXT NOT NULL,"
				" namespace TEXT NOT NULL,"
				" name TEXT NOT NULL,"
				" owner TEXT,"
				" created_ns INTEGER NOT NULL,"
				" cgroup TEXT,"
				" reason TEXT,"
				" applied TEXT NOT NULL,"
				" document TEXT NOT NULL,"
				" UNIQUE(kind, namespace, name));";

/* Networks, who has which address in them (as its place in the subnet), and which ports of the host lead to whom. subnets
 * are "10.0.0.0/16"; options: JSON of network.h. host: the end of a pair of interfaces that the host has. A port's row is
 * there as long as the container lives. containers.networked: something of it is in these tables. */
static const char version_6[] = "ALTER TABLE containers ADD COLUMN networked INTEGER NOT NULL DEFAULT 0;"
				"CREATE TABLE networks("
				" seq INTEGER PRIMARY KEY,"
				" id TEXT NOT NULL UNIQUE,"
				" name TEXT NOT NULL UNIQUE,"
				" driver TEXT NOT NULL,"
				" device TEXT NOT NULL,"
				" created_ns INTEGER NOT NULL,"
				" subnet4 TEXT, gateway4 TEXT, range4 TEXT,"
				" subnet6 TEXT, gateway6 TEXT,"
				" next4 INTEGER NOT NULL DEFAULT 2,"
				" options TEXT NOT NULL);"
				"CREATE TABLE places("
				" container_id TEXT NOT NULL REFERENCES containers(id),"
				" network_id TEXT NOT NULL REFERENCES networks(id),"
				" number INTEGER NOT NULL,"
				" host TEXT NOT NULL UNIQUE,"
				" device TEXT NOT NULL,"
				" mac TEXT NOT NULL,"
				" at4 INTEGER, at6 INTEGER,"
				" priority INTEGER NOT NULL,"
				" aliases TEXT NOT NULL,"
				" PRIMARY KEY(container_id, network_id)) WITHOUT ROWID;"
				"CREATE UNIQUE INDEX places_at4 ON places(network_id, at4);"
				"CREATE UNIQUE INDEX places_at6 ON places(network_id, at6);"
				"CREATE TABLE ports("
				" container_id TEXT NOT NULL REFERENCES containers(id),"
				" protocol INTEGER NOT NULL,"
				" host TEXT NOT NULL," /* address, "": all */
				" host_first INTEGER NOT NULL, host_last INTEGER NOT NULL,"
				" first INTEGER NOT NULL,"
				" PRIMARY KEY(protocol, host_first, host, container_id)) WITHOUT ROWID;"
				"CREATE INDEX ports_container ON ports(container_id);";

/* The boot in which a layer was unpacked, as long as it may not be on the disk yet; LAYER_LOST: it may not have got there. */
static const char version_7[] = "ALTER TABLE layers ADD COLUMN unsynced_boot TEXT;";

/* Is the container a pod of one, with a row of its id in kube_objects? */
static const char version_8[] = "ALTER TABLE containers ADD COLUMN ranked INTEGER NOT NULL DEFAULT 0;";

/* Most places have no IPv6 address: nothing of them has to be written into its index, and taken out again. */
static const char version_9[] = "DROP INDEX places_at6;"
				"CREATE UNIQUE INDEX places_at6 ON places(network_id, at6) WHERE at6 IS NOT NULL;";

/* Whoever wants a port finds the ranges that reach it without reading all ports below it. */
static const char version_10[] =
	"CREATE INDEX ports_ranges ON ports(protocol, host_last) WHERE host_last > host_first;";

const char *const schema_migrations[] = {
	version_1,
	version_2,
	version_3,
	version_4,
	version_5,
	version_6,
	version_7,
	version_8,
	version_9,
	version_10,
};
const size_t schema_migration_count = ARRAY_LEN(schema_migrations);
