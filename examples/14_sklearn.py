"""14. A network as a scikit-learn classifier: pipelines, cross-validation and grids come with it.

Run it with `python examples/14_sklearn.py` (needs scikit-learn). The class passes
`sklearn.utils.estimator_checks.check_estimator`.
"""

import sys

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

import autograd_mini as ag
from autograd_mini.data import load_digits


class Classifier(ClassifierMixin, BaseEstimator):
    """A network with softmax outputs, trained on the cross-entropy by `ag.fit`."""

    def __init__(self, hidden=(25,), lam=0.1, optimizer="adam", epochs=50, random_state=0):
        self.hidden = hidden
        self.lam = lam
        self.optimizer = optimizer
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X, y):
        """Train on examples X (m, features) and their classes y (m,)."""
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("Classifier tells classes apart, and y has one class")
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=2)
        sizes = [X.shape[1], *self.hidden, len(self.classes_)]
        self.net_ = ag.nn.Network(sizes, "tanh", "softmax", seed=seeds[0])
        self.history_ = ag.fit(
            self.net_, X, labels, cost="softmax", lam=self.lam, optimizer=self.optimizer,
            epochs=self.epochs, seed=int(seeds[1]), progress=False,
        )  # fmt: skip
        return self

    def predict_proba(self, X):
        """Return the probability of every class, (m, classes)."""
        check_is_fitted(self)
        return self.net_(validate_data(self, X, reset=False)).detach().numpy()

    def predict(self, X):
        """Return the most probable class of each example."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


if __name__ == "__main__":
    epochs = int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else 50
    X, y = load_digits()
    model = make_pipeline(StandardScaler(), Classifier(epochs=epochs))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(model, X, y, cv=folds)
    print(f"digits, five-fold cross-validation: {100 * scores.mean():.2f} %")
    search = GridSearchCV(model, {"classifier__lam": [0.1, 10.0, 100.0]}, cv=folds).fit(X, y)
    found = search.cv_results_
    for parameters, share in zip(found["params"], found["mean_test_score"], strict=True):
        print(f"lambda {parameters['classifier__lam']:5g}: {100 * share:.2f} %")
    print(f"the best of them: {search.best_params_['classifier__lam']:g}")
