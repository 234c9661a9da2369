/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - it lives where the lists' types are. */
#pragma once

#include "oci/list.h"
