package graphsim

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// encode is for values made of text and numbers, which are always encoded.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("graphsim: a value of text and numbers was not encoded: " + err.Error())
	}
	return text
}

func (a *reply) body() []byte {
	if a.page != "" {
		return []byte(a.page)
	}
	return encode(a.value)
}

// send delivers the answer, with what faults do to a body, and enters it into
// the truth and into the spacing of changes.
func (s *Server) send(w http.ResponseWriter, r *http.Request, x *exchange, a reply) {
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	header["request-id"] = []string{x.request}
	header["client-request-id"] = []string{x.client}
	header.Set("Vary", "Accept-Encoding")

	full := a.body()
	body, whole := full, a.honest
	cut, truncate := x.hit[Truncate]
	truncate = truncate && len(body) > 2
	if truncate {
		whole = false
		body = body[:1+mix(cut)%uint64(len(body)-2)]
	}
	digest := sha256.Sum256(body)
	sent, length := body, len(body)
	if acceptsGzip(r) {
		sent = zip(body)
		length = len(sent)
		header.Set("Content-Encoding", "gzip")
	}
	if truncate && cut%2 == 0 {
		length += 1 + len(full) - len(body) // more is promised than comes: the connection ends
	}
	header.Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(a.status)
	if err := s.deliver(w, r, x, sent); err != nil {
		whole = false // the client broke off; there is nobody to tell but the truth
	}
	if whole && a.look != nil {
		s.world.mu.Lock()
		s.world.lookedLocked(a.look.host, a.look.began)
		s.world.mu.Unlock()
	}
	if x.api {
		s.world.truth.answer(answerLine{
			Kind: "answer", At: *x.at.text(), Request: x.request, Host: x.host, Path: r.URL.EscapedPath(),
			Status: a.status, Complete: whole, SHA256: hex.EncodeToString(digest[:]),
		})
	}
}

// deliver writes the body, in pieces where it is to be slow.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, x *exchange, body []byte) error {
	variant, slow := x.hit[Slow]
	if !slow {
		_, err := w.Write(body)
		return err
	}
	const pieces = 6
	wait := time.Duration(50+variant%450) * time.Millisecond
	flusher := http.NewResponseController(w)
	for i := range pieces {
		from, to := len(body)*i/pieces, len(body)*(i+1)/pieces
		if _, err := w.Write(body[from:to]); err != nil {
			return err
		}
		if err := flusher.Flush(); err != nil {
			return err
		}
		if i < pieces-1 {
			if err := s.pause(r.Context(), wait); err != nil {
				return err
			}
		}
	}
	return nil
}

var zippers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic("a level of the package itself was refused: " + err.Error())
	}
	return z
}}

// zip compresses; writing to memory cannot fail.
func zip(body []byte) []byte {
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	var out bytes.Buffer
	z.Reset(&out)
	_, _ = z.Write(body)
	_ = z.Close()
	return out.Bytes()
}

// acceptsGzip reads Accept-Encoding as far as gzip goes (RFC 9110 section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !zeroWeight.MatchString(weight)
		}
	}
	return false
}

var zeroWeight = regexp.MustCompile(`^\s*q=0(\.0*)?\s*$`)
