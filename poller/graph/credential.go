package graph

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// tokenTimeout bounds one wait for a token: the default chain asks several
// places in turn, one of which starts a process.
const tokenTimeout = 60 * time.Second

// NewCredential returns the credential of an auth kind of the configuration:
// "default" is azidentity's chain (environment, workload identity, managed
// identity, developer tools), "none" is nil. It asks for no token yet.
func NewCredential(kind string) (azcore.TokenCredential, error) {
	switch kind {
	case "default":
		c, err := azidentity.NewDefaultAzureCredential(nil)
		if err != nil {
			return nil, fmt.Errorf("default credential: %s; check the AZURE_ variables of the environment", outside(err.Error()))
		}
		return c, nil
	case "none":
		return nil, nil
	default:
		return nil, fmt.Errorf("auth kind %q is not known; use default, or none for a loopback address", outside(kind))
	}
}

// credential marks the errors of another as such, so that a token which cannot
// be had is not taken for a connection that failed.
type credential struct{ azcore.TokenCredential }

func (c credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	token, err := c.TokenCredential.GetToken(ctx, o)
	if err != nil {
		return azcore.AccessToken{}, &tokenError{err}
	}
	return token, nil
}

type tokenError struct{ err error }

// Error sets azidentity's list of what it tried, a line each, on one line.
func (e *tokenError) Error() string {
	return "no token: " + outside(strings.Join(strings.Fields(e.err.Error()), " "))
}

func (e *tokenError) Unwrap() error { return e.err }
