package graph

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/portdelta/portdelta/internal/hostport"
)

type fakeCredential func(policy.TokenRequestOptions) (string, error)

func (f fakeCredential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := f(o)
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(time.Hour)}, err
}

const secret = "s3cret-token"

func always(policy.TokenRequestOptions) (string, error) { return secret, nil }

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		base string
		cred azcore.TokenCredential
		want string // "" where it is accepted
	}{
		{"", fakeCredential(always), ""},
		{"https://graph.microsoft.com/beta/", fakeCredential(always), ""},
		{"http://127.0.0.1:8080/v1.0", nil, ""},
		{"http://[::1]:8080/v1.0", fakeCredential(always), ""},
		{"http://LOCALHOST/v1.0", nil, ""},
		{"https://127.9.9.9/v1.0", nil, ""},
		{"", nil, "no credential"},
		{"https://graph.microsoft.com/v1.0", nil, "no credential"},
		{"http://graph.microsoft.com/v1.0", fakeCredential(always), "plain http"},
		{"http://127.0.0.1.evil.example/v1.0", fakeCredential(always), "plain http"},
		{"http://10.0.0.1/v1.0", nil, "plain http"},
		{"graph.microsoft.com/v1.0", fakeCredential(always), "absolute https URL"},
		{"ftp://127.0.0.1/", nil, "absolute https URL"},
		{"https:///v1.0", fakeCredential(always), "absolute https URL"},
		{"https://me:pass@graph.microsoft.com/v1.0", fakeCredential(always), "user or password"},
		{"https://graph.microsoft.com/v1.0?x=1", fakeCredential(always), "query"},
		{"https://me:pass@[::1", nil, "not a URL"},
	} {
		c, err := New(Options{BaseURL: tt.base, Credential: tt.cred})
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.base, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || c != nil):
			t.Errorf("%s: error %v, want one with %q", tt.base, err, tt.want)
		case err != nil && strings.Contains(err.Error(), "pass@"):
			t.Errorf("%s: the error shows the password: %v", tt.base, err)
		}
	}
}

func TestToken(t *testing.T) {
	var scopes []string
	s := play(ok(pageOf(2, nextPage, record(1))), ok(pageOf(2, "", record(2))))
	c := newTestClient(t, s, func(o *Options) {
		o.Credential = fakeCredential(func(o policy.TokenRequestOptions) (string, error) {
			scopes = append(scopes, o.Scopes...)
			return secret, nil
		})
	})
	if _, err := c.Look(t.Context(), testHost); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.requests() {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("Authorization %q", r.Header.Get("Authorization"))
		}
	}
	if len(scopes) != 1 || scopes[0] != "https://graph.microsoft.com/.default" {
		t.Errorf("tokens asked for: %v", scopes)
	}
}

func TestScopeIsOfTheBaseURL(t *testing.T) {
	for base, want := range map[string]string{
		DefaultBaseURL:                  "https://graph.microsoft.com/.default",
		"https://gateway.example/graph": "https://gateway.example/.default",
		"http://127.0.0.1:1/v1.0":       "https://graph.microsoft.com/.default",
	} {
		u, err := parseBase(base)
		if err != nil {
			t.Fatal(err)
		}
		if got := scope(u); got != want {
			t.Errorf("%s: %s", base, got)
		}
	}
}

func TestNoToken(t *testing.T) {
	s := play(ok(pageOf(0, "")))
	c := newTestClient(t, s, func(o *Options) {
		o.Credential = fakeCredential(func(policy.TokenRequestOptions) (string, error) {
			return "", errors.New("tenant\x1b[31m unknown")
		})
	})
	_, err := c.Look(t.Context(), testHost)
	lookError(t, err, hostport.Unauthorized)
	if !strings.Contains(err.Error(), "tenant") || strings.Contains(err.Error(), "\x1b") || len(s.requests()) != 0 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

// A claims challenge is answered with a new token, and that second request takes
// a token of the budget and an id of its own too.
func TestClaimsChallenge(t *testing.T) {
	claims, tokens := "", 0
	s := play(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="`+base64.StdEncoding.EncodeToString([]byte(`{"nbf":1}`))+`"`)
		answer(401, graphErrorBody("InvalidAuthenticationToken", "claims"))(w, r)
	}, ok(pageOf(0, "")))
	c := newTestClient(t, s, func(o *Options) {
		o.Credential = fakeCredential(func(o policy.TokenRequestOptions) (string, error) {
			claims = o.Claims
			return secret, nil
		})
		o.Acquire = func(context.Context) error { tokens++; return nil }
	})
	got, err := c.Look(t.Context(), testHost)
	if err != nil {
		t.Fatal(err)
	}
	if claims != `{"nbf":1}` || tokens != 2 || got.Requests[0] != "r2" {
		t.Errorf("claims %q, %d tokens, requests %v", claims, tokens, got.Requests)
	}
	if s.requests()[0].Header.Get("client-request-id") == s.requests()[1].Header.Get("client-request-id") {
		t.Error("one client-request-id for two requests")
	}
}

func TestTokenIsInNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for status := 200; status < 600; status++ {
			s := play(answer(status, graphErrorBody("x", "y")))
			c := newTestClient(t, s, func(o *Options) { o.Credential = fakeCredential(always) })
			_, err := c.Look(t.Context(), testHost)
			if found := status == http.StatusNotFound; found != (err == nil) {
				t.Errorf("status %d: %v", status, err)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%+v %#v", err, err), secret) {
				t.Errorf("status %d: %v", status, err)
			}
		}
	})
}

func TestNewCredential(t *testing.T) {
	if c, err := NewCredential("none"); c != nil || err != nil {
		t.Errorf("none: %v, %v", c, err)
	}
	if _, err := NewCredential("magic"); err == nil || !strings.Contains(err.Error(), `"magic"`) {
		t.Errorf("magic: %v", err)
	}
}

// The default credential, end to end: a managed identity in the manner of App
// Service gives the token for Graph that the look then carries.
func TestDefaultCredential(t *testing.T) {
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-IDENTITY-HEADER") != "h" || r.URL.Query().Get("resource") != "https://graph.microsoft.com" {
			t.Errorf("identity asked with %v", r.URL)
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_on":"%d","resource":"r","token_type":"Bearer"}`, secret, time.Now().Add(time.Hour).Unix())
	}))
	defer identity.Close()
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
	t.Setenv("IDENTITY_ENDPOINT", identity.URL)
	t.Setenv("IDENTITY_HEADER", "h")
	cred, err := NewCredential("default")
	if err != nil {
		t.Fatal(err)
	}
	s := play(ok(pageOf(0, "")))
	c := newTestClient(t, s, func(o *Options) { o.Credential = cred })
	if _, err := c.Look(t.Context(), testHost); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0].Header.Get("Authorization"); got != "Bearer "+secret {
		t.Errorf("Authorization %q", got)
	}
}
