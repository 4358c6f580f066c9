package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/poller/graph/graphsim"
)

// simFlags are what `portdelta sim` is told.
type simFlags struct {
	listen, truth, token string
	world                graphsim.WorldOptions
	faults               []string
}

func (e *env) simCommand() *cobra.Command {
	var f simFlags
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run the Graph simulator: a seeded world of hosts whose ports change",
		Long: `Run the Graph simulator until a signal comes. The first line on stdout is the
base URL, every further line a host it knows.

Faults are misbehaviour on request, as KIND or KIND=RATE (0 to 1): throttle,
error5xx, truncate, slow, loop, shift, hide, stale, baddate. They can be changed
while it runs: PUT /_sim/faults with {"throttle":0.1}.

--truth FILE appends one JSON line for every change of the world and for every
answer completed, so that what was told can be held against what happened.`,
		Example: `  portdelta sim --hosts 10 --speed 2000
  portdelta sim --hosts 50 --truth truth.ndjson --fault throttle=0.05 --fault truncate`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.sim(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "loopback address to listen on")
	cmd.Flags().IntVar(&f.world.Hosts, "hosts", 50, "number of hosts")
	cmd.Flags().Uint64Var(&f.world.Seed, "seed", 1, "the same seed makes the same changes")
	cmd.Flags().Float64Var(&f.world.Speed, "speed", 1, "how much more often the world changes and rescans; 0: nothing moves")
	cmd.Flags().IntVar(&f.world.PortsPerHost, "ports", 0, "mean number of ports of a host; 0: a spread of 2 to 12")
	cmd.Flags().StringVar(&f.truth, "truth", "", "file the ground truth is appended to")
	cmd.Flags().StringVar(&f.token, "token", "", "bearer token every request must carry")
	cmd.Flags().StringArrayVar(&f.faults, "fault", nil, "KIND[=RATE]; may be repeated")
	return cmd
}

func (e *env) sim(ctx context.Context, f simFlags) (err error) {
	faults := graphsim.Faults{}
	for _, text := range f.faults {
		kind, rate, err := graphsim.ParseFault(text)
		if err != nil {
			return usage(fmt.Errorf("--fault: %w", err))
		}
		faults[kind] = rate
	}
	if f.truth != "" {
		file, err := os.OpenFile(f.truth, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return usage(fmt.Errorf("--truth: %w", err))
		}
		defer file.Close()
		f.world.Truth = file
	}
	world, err := graphsim.NewWorld(f.world)
	if err != nil {
		return usage(err)
	}
	server, err := graphsim.NewServer(world, graphsim.Options{Token: f.token, Faults: faults})
	if err != nil {
		return usage(err)
	}
	listener, err := loopback(f.listen)
	if err != nil {
		return err
	}
	if err := e.announce(listener.Addr(), world); err != nil {
		return errors.Join(outside(err), listener.Close())
	}
	if err := server.Serve(ctx, listener); err != nil {
		return outside(err)
	}
	return nil
}

// announce prints the base URL and the hosts, all at once.
func (e *env) announce(addr net.Addr, world *graphsim.World) error {
	w := bufio.NewWriter(e.Out)
	fmt.Fprintln(w, graphsim.BaseURL(addr))
	for _, h := range world.Hosts() {
		fmt.Fprintln(w, h)
	}
	return w.Flush()
}

// checkLoopback takes addresses that only this machine can reach.
func checkLoopback(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if ip, e := netip.ParseAddr(host); err != nil || host != "localhost" && (e != nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is no loopback address with a port, such as 127.0.0.1:0", addr)
	}
	return nil
}

// loopback listens on this machine alone: the simulator asks nobody who they are.
func loopback(addr string) (net.Listener, error) {
	if err := checkLoopback(addr); err != nil {
		return nil, usage(fmt.Errorf("--listen: %w", err))
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, outside(fmt.Errorf("--listen: %w; port 0 takes a free one", err))
	}
	return l, nil
}
