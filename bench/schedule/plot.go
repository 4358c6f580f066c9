package main

import (
	"fmt"
	"strings"
)

// plot draws the mean delays as bars, a group a fleet.
func plot(rows []row) []byte {
	const wide, bar, left, top = 620, 20, 220, 30
	most := 0.0
	for _, r := range rows {
		most = max(most, r.mean)
	}
	var b strings.Builder
	height := top + len(rows)*(bar+4) + len(fleets)*16 + 20
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", left+wide+60, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="8" y="18" font-weight="bold">mean delay until a change is seen, hours</text>`+"\n")
	y, fleet := top, ""
	for _, r := range rows {
		if r.fleet != fleet {
			fleet = r.fleet
			y += 16
			fmt.Fprintf(&b, `<text x="8" y="%d" font-weight="bold">%s</text>`+"\n", y, fleet)
			y += 6
		}
		color := "#9aa5b1"
		if r.policy == "portdelta" {
			color = "#1f6feb"
		}
		length := r.mean / most * wide
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%.0f" height="%d" fill="%s"/><text x="%.0f" y="%d">%.1f</text>`+"\n",
			left-6, y+14, r.policy, left, y, length, bar, color, left+length+5, y+14, r.mean)
		y += bar + 2
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
