/* SPDX-License-Identifier: Apache-2.0 */
/* fields.h - the tables of the objects' fields, and what they fill. For objects.c. */
#pragma once

#include "manifest/objects.h"

struct templated_spec {
	int64_t replicas, ttl; /* ttl: of a Job */
	struct pod_template template;
};

struct templated_object {
	struct object_meta meta;
	struct templated_spec spec;
};

struct quota_object {
	struct object_meta meta;
	struct quota_spec spec;
};

struct limit_object {
	struct object_meta meta;
	struct limit_spec spec;
};

struct data_object {
	struct object_meta meta;
	struct oci_pairs data, binary;
};

struct namespace_object {
	struct object_meta meta;
};

extern const struct fields pod_spec_fields, pod_fields, deployment_fields, job_fields, quota_fields, limit_fields,
	config_map_fields, secret_fields, namespace_fields;
