// Package httpserve runs an HTTP server for as long as a context lasts.
//
// It promises an end: requests under way have a grace, then they are cut off, and
// when Until has returned nothing of the server runs. It does not bound what a
// client may send or how long it may take: that is set on the server.
package httpserve

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Until serves on the listener until ctx ends, lets requests under way finish for
// the grace, and closes both. It returns nil then, and an error only if serving
// failed. It is called once for a server.
func Until(ctx context.Context, server *http.Server, listener net.Listener, grace time.Duration) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		_ = server.Close() // cuts off who is still reading; there is nothing to lose
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
