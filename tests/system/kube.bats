# SPDX-License-Identifier: Apache-2.0
# Kubernetes' objects on this node.
#
# shellcheck disable=SC2154 # out, err, T and group come from helpers.bash

load helpers

@test "quantity: an object for each text, and status 1 when one of them is none" {
	expect 0 "$TARE_BUILD/tare" kube quantity 1.5Gi 0.1 -- -1
	equal '{"text":"1.5Gi","canonical":"1536Mi","value":1610612736,"milli":1610612736000,"format":"BinarySI"}
{"text":"0.1","canonical":"100m","value":1,"milli":100,"format":"DecimalSI"}
{"text":"-1","canonical":"-1","value":-1,"milli":-1000,"format":"DecimalSI"}' "$out"
	expect 1 "$TARE_BUILD/tare" kube quantity 1K 'a"b'
	equal '{"text":"1K","error":"unable to parse quantity'"'"'s suffix"}' "$(head -n 1 <<<"$out")"
	matches '^\{"text":"a\\"b","error":"quantities must match' "$(tail -n 1 <<<"$out")"
	equal "" "$err"
}
