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
	signals, exited := make(chan os.Signal, 1), make(chan int, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() { exited <- source.Run(ctx, source.ThisProcess(spec, version)) }()
	select {
	case code := <-exited:
		os.Exit(code)
	case sig := <-signals:
		cancel()
		select { // give the last lines time, but end although standard output is no longer read
		case <-exited:
		case <-signals:
		case <-time.After(3 * time.Second):
		}
		os.Exit(source.EndBy(sig))
	}
}
