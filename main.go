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
var version string // set by -ldflags "-X main.version=1.2.3"

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	told, ended := make(chan os.Signal, 1), make(chan int, 1)
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
	process := source.Process{Specification: spec, Version: version, Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout}
	go func() { ended <- source.Run(ctx, process) }()
	select {
	case code := <-ended:
		os.Exit(code)
	case sig := <-told:
		cancel()
		select { // the last lines are given time, but a reader that no longer reads cannot hold the process
		case <-ended:
		case <-told:
		case <-time.After(3 * time.Second):
		}
		os.Exit(source.EndBy(sig))
	}
}
