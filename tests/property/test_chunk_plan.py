"""The chunk plan covers a file, and its URLs are asked for in lawful ranges."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.client.chunks import count, plan, url_range

sizes = st.integers(0, 10 * 1000**3)
chunk_sizes = st.integers(5 * 1024**2, 100 * 1024**2)


@given(sizes, chunk_sizes)
def test_every_byte_is_in_exactly_one_chunk(size_bytes, chunk_bytes):
    """The chunks of any file follow each other without gap or overlap, and only the last may be shorter."""
    chunks = list(plan(size_bytes, chunk_bytes))
    assert [chunk.index for chunk in chunks] == list(range(1, count(size_bytes, chunk_bytes) + 1))
    end = 0
    for chunk in chunks:
        assert chunk.offset == end
        assert 0 < chunk.size_bytes <= chunk_bytes
        assert chunk.size_bytes == chunk_bytes or chunk is chunks[-1]
        end += chunk.size_bytes
    assert end == size_bytes


@given(sizes, chunk_sizes, st.sets(st.integers(1, 2000)))
def test_what_is_done_does_not_travel(size_bytes, chunk_bytes, done):
    """Leaving out chunks that are done changes nothing about the others."""
    assert list(plan(size_bytes, chunk_bytes, done)) == [
        chunk for chunk in plan(size_bytes, chunk_bytes) if chunk.index not in done
    ]


@given(st.data(), st.integers(1, 2000), st.integers(1, 50))
def test_url_ranges_are_lawful_and_sufficient(data, total, page):
    """A range begins with the chunk in need, ends within the file and the page, and wastes nothing at its end."""
    unneeded = data.draw(st.sets(st.integers(1, total)))
    index = data.draw(st.integers(1, total))
    first, length = url_range(index, total, page, unneeded)
    last = first + length - 1
    assert first == index
    assert 1 <= length <= page
    assert last <= total
    assert last == index or last not in unneeded
    assert all(skipped in unneeded for skipped in range(last + 1, min(index + page - 1, total) + 1))


@given(st.integers(1, 400), st.integers(1, 50), st.sets(st.integers(1, 400)))
def test_as_few_requests_as_pages(total, page, done):
    """Asking whenever a URL is missing takes at most one request for every page of needed chunks."""
    unneeded = set(done)
    requests = 0
    for index in range(1, total + 1):
        if index not in unneeded:
            first, length = url_range(index, total, page, unneeded)
            unneeded.update(range(first, first + length))
            requests += 1
    needed = [index for index in range(1, total + 1) if index not in done]
    assert requests <= count(total, page)
    assert requests <= len(needed)
