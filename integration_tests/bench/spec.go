package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// spec measures the start of the process.
func (b *bench) spec(ctx context.Context) error {
	var all []sample
	for range b.starts {
		output := &messages{}
		c, err := execute(ctx, b.connector, []string{"spec"}, nil, output)
		if err != nil {
			return err
		}
		if output.Bytes == 0 {
			return errors.New("spec printed nothing")
		}
		all = append(all, sample{cost: c})
	}
	const bound = 20 * time.Millisecond
	took := median(all, func(s sample) float64 { return s.Wall.Seconds() })
	b.results.want("`spec`, from start to end", fmt.Sprintf("%.1f ms", took*1000), fmt.Sprintf("at most %v", bound), took <= bound.Seconds())
	return nil
}
