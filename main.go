// Command source-microsoft-dataverse is an Airbyte source for Microsoft Dataverse.
package main

import (
	"context"
	_ "embed"
	"os"
	"os/signal"
	"syscall"
	"time"

	"source-microsoft-dataverse/source"
)

//go:embed spec.json
var spec []byte
var version = "dev" // set by -ldflags "-X main.version=1.2.3"

func main() {
	interrupted, _ := signal.NotifyContext(context.Background(), syscall.SIGINT)
	ctx, _ := signal.NotifyContext(interrupted, syscall.SIGTERM)
	context.AfterFunc(ctx, func() { signal.Reset() }) // a second signal ends the process at once
	code := source.Run(ctx, source.Process{Specification: spec, Version: version, Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout})
	switch {
	case interrupted.Err() != nil:
		raise(syscall.SIGINT)
	case ctx.Err() != nil:
		raise(syscall.SIGTERM)
	}
	os.Exit(code)
}

// raise ends the process by the signal, as callers expect of one they stopped, or by its exit code where that has no
// effect, as for PID 1 or on Windows.
func raise(sig syscall.Signal) {
	self, err := os.FindProcess(os.Getpid())
	if signal.Reset(); err == nil && os.Getpid() != 1 && self.Signal(sig) == nil {
		time.Sleep(time.Second) // the signal may reach another thread first
	}
	os.Exit(128 + int(sig))
}
