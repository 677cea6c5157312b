"""The model card holds what a corpus says, as text."""

from can_tf.export.card import _plain


def test_a_label_is_no_html_in_the_model_card():
    assert _plain("<script>alert('x')</script> a|b [c](d) `e`") == (
        "&lt;script&gt;alert('x')&lt;/script&gt; a\\|b \\[c\\](d) \\`e\\`"
    )
