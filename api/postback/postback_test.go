package postback

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestOnlyThePublicInternet(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "77.88.8.8": true, "2a02:6b8::feed:ff": true, "::ffff:77.88.8.8": true,
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "::ffff:127.0.0.1": false, "0.0.0.0": false, "::": false, "0.1.2.3": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "::ffff:10.0.0.1": false, "fd00::1": false, "fc00::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "100.64.0.1": false, "100.127.255.254": false, "fd00:ec2::254": false,
		"224.0.0.1": false, "239.255.255.250": false, "ff02::1": false, "255.255.255.255": false, "240.0.0.1": false, "192.0.0.8": false,
		"192.0.2.1": false, "198.51.100.7": false, "203.0.113.9": false, "198.18.0.1": false, "198.19.255.255": false, "192.88.99.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "2001::1": false, "fec0::1": false, "172.32.0.1": true, "100.128.0.1": true,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestAddressesOfSubscriptions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]bool{ // alone, and where private ones are allowed
		"https://shop.example/hook?a=1": {true, true}, "http://shop.example/": {false, true}, "https://127.0.0.1/": {false, true},
		"https://[::1]:8443/": {false, true}, "https://169.254.169.254/latest": {false, true}, "ftp://shop.example/": {false, false},
		"https:///path": {false, false}, "shop.example": {false, false}, "https://user:password@shop.example/": {false, false},
		"https://shop.example/#a": {false, false}, "https:shop.example": {false, false}, "https://:443/": {false, false}, "": {false, false},
	} {
		for i, private := range []bool{false, true} {
			if err := CheckURI(text, private); (err == nil) != want[i] {
				t.Errorf("%q, private %v: %v", text, private, err)
			}
		}
	}
}

// TestTheGuardStandsBehindTheResolver reaches a server of ours by a name and by its
// address: what is asked is where the connection goes, whatever it was called.
func TestTheGuardStandsBehindTheResolver(t *testing.T) {
	t.Parallel()
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+host+":"+port, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := newClient(false).Do(req); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v %v", host, answer, err)
		}
	}
	if asked != 0 {
		t.Error("the server was asked")
	}
}

// TestNoProxyStandsBetween names a proxy as environments do: it would be dialled instead
// of the address, and the guard would see its address alone.
func TestNoProxyStandsBetween(t *testing.T) {
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { asked <- req.URL.String() }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://shop.invalid/hook", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := newClient(true).Do(req)
	if err == nil {
		answer.Body.Close()
	}
	select {
	case uri := <-asked:
		t.Errorf("a proxy was asked for %s", uri)
	default:
	}
}

func TestDelaysGrow(t *testing.T) {
	t.Parallel()
	delays, err := parseDelays(document)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 20; n++ {
		least := delays[min(n, len(delays))-1]
		if d := delay(delays, "id", n); d < least || d > least+least/5 {
			t.Errorf("failure %d: %v of %v", n, d, least)
		}
	}
	for _, bad := range []string{"| 1 | 5s |", "| 2 | 30s |"} {
		if _, err := parseDelays(strings.Replace(document, bad, "| 7 | soon |", 1)); err == nil {
			t.Errorf("%s may be missing", bad)
		}
	}
	var all time.Duration
	for n := 1; all < giveUp; n++ {
		if all += delay(delays, "id", n); n > 50 {
			t.Fatal("it never gives up")
		}
	}
}

// TestStandardVector is the example in the Standard Webhooks libraries' own tests.
func TestStandardVector(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || Secret(key) != secret {
		t.Fatal(Secret(key), err)
	}
	got := sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}
