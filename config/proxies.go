package config

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks of trusted proxies, whose X-Forwarded-For is used.
type Proxies []netip.Prefix

// parseProxies reads networks and single addresses separated by commas.
func parseProxies(text string) (Proxies, error) {
	var list Proxies
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		network, err := netip.ParsePrefix(one)
		if err != nil {
			address, err := netip.ParseAddr(one)
			if err != nil {
				return nil, fmt.Errorf("must be networks such as 10.0.0.0/8 or addresses, separated by commas; got %q", one)
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		list = append(list, network.Masked())
	}
	return list, nil
}

func (p Proxies) trusts(address netip.Addr) bool {
	for _, network := range p {
		if network.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// Client returns the network address a request came from: that of the
// connection or, if the connection is from a proxy, the last address in
// X-Forwarded-For that is not a proxy. The client may have forged anything
// further left in the header.
func (p Proxies) Client(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !p.trusts(peer.Addr()) {
		return r.RemoteAddr
	}
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	client := peer.Addr()
	for i := len(said) - 1; i >= 0; i-- {
		address, err := netip.ParseAddr(strings.TrimSpace(said[i]))
		if err != nil {
			break
		}
		client = address
		if !p.trusts(address) {
			break
		}
	}
	return client.Unmap().String()
}
