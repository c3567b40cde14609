"""What a recipe is worth elsewhere: sites left out, folds, search, runs side by side."""
