// Package prose writes numbers, lists and lines of text for people, in logs, reports and at terminals.
package prose
