"""A corpus of synthetic speech, laid out as IEMOCAP is on disk, for trying everything without the licensed corpus.

The sentences were written and labeled by people (GoEmotions); espeak-ng says them in ten voices. How something is
said depends on the emotion, but not strictly: deliveries are drawn from distributions that overlap, and an acted line
is now and then played with another emotion than its words have. So neither words nor voice tell the emotion alone. What
a model scores here says that all parts work together, and nothing about speech of people.

As in IEMOCAP, scripted dialogs are performed in every session, so their sentences recur across speakers; improvised
dialogs use a sentence once a session, as long as there are enough. All is a function of the seed.
"""

from can_tf.corpus.demo.making import DemoSummary, make_demo_corpus

__all__ = ["DemoSummary", "make_demo_corpus"]
