package banner

// element is one element of BER (ITU-T X.690): a one-byte tag and its content.
type element struct {
	tag  byte
	body []byte
}

// element takes the next element; its length is that of what is there at most.
// whole is false where the length says more.
func (r *reader) element() (e element, whole bool) {
	e.tag = r.byte()
	n := int(r.byte())
	if n >= 0x80 {
		size := n & 0x7F
		if size == 0 || size > 4 {
			r.short = true
			return element{}, false
		}
		n = 0
		for _, c := range r.take(size) {
			n = n<<8 | int(c)
		}
	}
	if r.short || n < 0 {
		r.short = true
		return element{}, false
	}
	whole = n <= len(r.b)
	e.body = r.take(min(n, len(r.b)))
	return e, whole
}

// elements takes all elements of a content, at most maxElements.
func elements(b []byte) (out []element, whole bool) {
	r := reader{b: b}
	whole = true
	for len(r.b) > 0 && len(out) < maxElements {
		e, complete := r.element()
		if r.short {
			return out, false
		}
		whole = whole && complete
		out = append(out, e)
	}
	return out, whole
}

// number reads an INTEGER or ENUMERATED of up to four bytes.
func (e element) number() int {
	n := 0
	for _, c := range e.body[:min(len(e.body), 4)] {
		n = n<<8 | int(c)
	}
	return n
}
