package assets

import (
	"strconv"
	"strings"
)

// negotiate selects the encoding of the response from the values of the
// Accept-Encoding header (RFC 9110, 12.5.3): the first of [encodings] that the
// client accepts, in the order of the client's weights. "" is the uncompressed
// file, which is also the answer to a client that refuses even that.
func negotiate(accept []string, content map[string][]byte) string {
	weights := accepted(accept)
	best, most := "", 0.0
	for _, e := range encodings {
		weight, named := weights[e.name]
		if !named {
			weight = weights["*"]
		}
		if _, there := content[e.name]; there && weight > most {
			best, most = e.name, weight
		}
	}
	if weight, named := weights["identity"]; named && weight > most {
		return ""
	}
	return best
}

// accepted parses the weight of each encoding that a client names.
func accepted(accept []string) map[string]float64 {
	weights := make(map[string]float64)
	for one := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, parameter, _ := strings.Cut(one, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		weights[name] = 1
		if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); ok {
			weight, err := strconv.ParseFloat(q, 64)
			if err != nil || weight < 0 || weight > 1 {
				weight = 0
			}
			weights[name] = weight
		}
	}
	return weights
}
