package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

// bannerFlags are what `portdelta explain banner` is told.
type bannerFlags struct {
	scanProtocol string
	port         int
	recogDir     string
	pairs        string
	wrong        bool
}

func (e *env) explainBannerCommand() *cobra.Command {
	var f bannerFlags
	cmd := &cobra.Command{
		Use:   "banner OLD NEW | --pairs FILE",
		Short: "Say what two banners have in common, and whether the second would be told as a change",
		Long: `Say what each of two banners tells, what differs, and whether the second, seen
after the first, would be told as a change and how grave. OLD and NEW are files
with a banner's bytes, one of them may be - for standard input.

With --pairs, try the rules on labelled pairs instead: a JSON object a line,
{"scanProtocol":"http","old":"...","new":"...","same":true,"why":"..."}, and count
the false changes (same, but told) and the missed ones (not same, but not told),
by protocol. Exit code 1 if any is wrong; --wrong lists those by their lines.`,
		Example: `  portdelta explain banner old.txt new.txt --scan-protocol http
  curl -si http://127.0.0.1:8080/ | portdelta explain banner before.txt - --scan-protocol http --output json
  portdelta explain banner --pairs pairs.jsonl --wrong`,
		Args: func(cmd *cobra.Command, list []string) error {
			var err error
			switch pairs := cmd.Flags().Changed("pairs"); {
			case pairs && len(list) > 0:
				err = errors.New("--pairs stands in the place of OLD and NEW")
			case pairs && (cmd.Flags().Changed("scan-protocol") || cmd.Flags().Changed("port")):
				err = errors.New("--scan-protocol and --port go with OLD and NEW; each line of --pairs has its own scanProtocol")
			case pairs && f.recogDir != "":
				err = errors.New("--recog goes with OLD and NEW: products decide no verdict")
			case !pairs && len(list) != 2:
				err = fmt.Errorf("%s needs two files, OLD and NEW, or --pairs FILE", cmd.CommandPath())
			case !pairs && f.wrong:
				err = errors.New("--wrong goes with --pairs")
			case !pairs && list[0] == "-" && list[1] == "-":
				err = errors.New("only one of OLD and NEW can be standard input")
			case f.port < 0 || f.port > 65535:
				err = fmt.Errorf("--port %d: use 1 to 65535, or 0 for unknown", f.port)
			}
			if err != nil {
				return usage(withTry(cmd, err))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, list []string) error {
			if len(list) == 0 {
				return e.explainPairs(cmd.Context(), f.pairs, f.wrong)
			}
			return e.explainBanner(f, list[0], list[1])
		},
	}
	cmd.Flags().StringVar(&f.scanProtocol, "scan-protocol", "", "the source's word for its scan; decides where the text does not say what it is")
	cmd.Flags().IntVar(&f.port, "port", 0, "number of the port, the last hint; 0 is unknown")
	cmd.Flags().StringVar(&f.recogDir, "recog", "", "folder of fingerprints in Recog's XML format, as detect.recog_dir")
	cmd.Flags().StringVar(&f.pairs, "pairs", "", "file of labelled pairs, or - for standard input")
	cmd.Flags().BoolVar(&f.wrong, "wrong", false, "list the pairs that are wrong")
	if err := cmd.MarkFlagFilename("pairs", "jsonl"); err != nil {
		panic(err) // a flag that does not exist
	}
	return cmd
}

// input opens a file that is named on the command line, or standard input.
func (e *env) input(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(e.In), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usage(err)
	}
	return f, nil
}

// bannerFile reads a banner: no more than the rules would.
func (e *env) bannerFile(name string) (string, error) {
	f, err := e.input(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	// One byte above the bound, so that the rules see that there is more.
	data, err := io.ReadAll(io.LimitReader(f, int64(limits.BannerBytes.Max)+1))
	if err != nil {
		return "", usage(err)
	}
	return string(data), nil
}

// bannerExplained is the answer in JSON.
type bannerExplained struct {
	Same     bool             `json:"same"`
	Type     *string          `json:"type"`     // of the event; null if same
	Severity *string          `json:"severity"` // null if same
	Reasons  []diff.Reason    `json:"reasons"`
	Facts    []factDifference `json:"facts"`
	Old      formExplained    `json:"old"`
	New      formExplained    `json:"new"`
}

type factDifference struct {
	Path   string       `json:"path"`
	Class  banner.Class `json:"class"`
	Before *string      `json:"before"`
	After  *string      `json:"after"`
}

type formExplained struct {
	Protocol string          `json:"protocol"`
	Digest   string          `json:"digest"`
	Product  *string         `json:"product"`
	Version  *string         `json:"version"`
	Cut      bool            `json:"cut"`
	Escaped  bool            `json:"escaped"`
	Facts    []factExplained `json:"facts"`
	Text     string          `json:"text"`
}

type factExplained struct {
	Path  string       `json:"path"`
	Class banner.Class `json:"class"`
	Value string       `json:"value"`
}

func explainForm(f banner.Form) formExplained {
	out := formExplained{Protocol: f.Protocol, Digest: f.Digest, Product: schemas.OrNull(f.Product), Version: schemas.OrNull(f.Version),
		Cut: f.Cut, Escaped: f.Escaped, Facts: []factExplained{}, Text: f.Text}
	for _, fact := range f.Facts {
		out.Facts = append(out.Facts, factExplained(fact))
	}
	return out
}

func (e *env) explainBanner(f bannerFlags, oldFile, newFile string) error {
	oldText, err := e.bannerFile(oldFile)
	if err != nil {
		return err
	}
	newText, err := e.bannerFile(newFile)
	if err != nil {
		return err
	}
	log, err := e.logger("warn", "console")
	if err != nil {
		return err
	}
	forms, err := newNormalizer(f.recogDir, log)
	if err != nil {
		return err
	}
	before, after := forms.Normalize(oldText, f.scanProtocol, f.port), forms.Normalize(newText, f.scanProtocol, f.port)
	verdict := diff.JudgeBanners(before, after)
	out := bannerExplained{Same: verdict.Same, Reasons: []diff.Reason{}, Facts: []factDifference{}, Old: explainForm(before), New: explainForm(after)}
	for _, fact := range verdict.Facts {
		out.Facts = append(out.Facts, factDifference(fact))
	}
	if !verdict.Same {
		var reasons []schemas.Reason
		for _, r := range verdict.Reasons {
			reasons = append(reasons, schemas.Reason(r))
		}
		out.Reasons = verdict.Reasons
		kind := string(verdict.Type)
		severity := schemas.SeverityOf(schemas.Type(kind), nil, reasons).String()
		out.Type, out.Severity = &kind, &severity
	}
	if e.output == "json" {
		return e.printer().value(out)
	}
	var b strings.Builder
	writeForm(&b, "old", out.Old)
	writeForm(&b, "new", out.New)
	writeVerdict(&b, out)
	_, err = io.WriteString(e.Out, b.String())
	return err
}

// writeForm prints what one banner tells. Text and facts are escaped already;
// escaped makes sure of it.
func writeForm(b *strings.Builder, name string, f formExplained) {
	fmt.Fprintf(b, "%s  %s", name, escaped(f.Protocol))
	if f.Product != nil {
		fmt.Fprintf(b, ", %s", escaped(*f.Product))
		if f.Version != nil {
			fmt.Fprintf(b, " %s", escaped(*f.Version))
		}
	}
	if f.Cut {
		b.WriteString(", cut")
	}
	fmt.Fprintf(b, ", digest %s\n", f.Digest)
	for _, fact := range f.Facts {
		fmt.Fprintf(b, "     %-8s  %s = %s\n", fact.Class, escaped(fact.Path), escaped(fact.Value))
	}
	for line := range strings.SplitSeq(f.Text, "\n") {
		fmt.Fprintf(b, "     | %s\n", escaped(line))
	}
	b.WriteByte('\n')
}

func writeVerdict(b *strings.Builder, v bannerExplained) {
	for _, d := range v.Facts {
		absent := "(absent)"
		before, after := absent, absent
		if d.Before != nil {
			before = escaped(*d.Before)
		}
		if d.After != nil {
			after = escaped(*d.After)
		}
		fmt.Fprintf(b, "diff %-8s  %s: %s -> %s\n", d.Class, escaped(d.Path), before, after)
	}
	if v.Same {
		b.WriteString("same: nothing would be told\n")
		return
	}
	if len(v.Facts) == 0 {
		b.WriteString("diff           no fact differs: the difference lies in the text\n")
	}
	words := make([]string, len(v.Reasons))
	for i, r := range v.Reasons {
		words[i] = string(r)
	}
	fmt.Fprintf(b, "changed: %s, severity %s, reasons %s\n", *v.Type, *v.Severity, strings.Join(words, ", "))
}
