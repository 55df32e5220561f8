@business_data
Feature: The cache never lies
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Serve quick answers without ever serving old ones
  Value impact:     Whoever looks after a change sees the change, wherever they look
  Strategic impact: We can add servers as we grow, and no customer reads two truths

  @DBL-05 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: What was changed is what is read next, whatever the cache holds

    @gate
    Scenario Outline: A change is seen by the next who looks
      Given Acme is <a plan> customer
      And Ben of Acme is a member
      And Acme's allowance is read from the cache
      When Acme <changes it>
      Then Acme and Ben of Acme read the allowance as it now is

      Examples:
        | a plan        | changes it            |
        | a Free        | raises the allowance  |
        | an Early      | books an expense      |
        | an Enterprise | gives a team a budget |

    @gate
    Scenario: Two backends read the same
      Given Acme is an Enterprise customer
      And there is a second backend
      And both backends read Acme's allowance from the cache
      When Acme changes the allowance at the one and then at the other
      Then both have read the allowance as it was after each change

    @gate @exclusive
    Scenario Outline: What is read is right while the cache is in trouble
      Given Acme is a Mid customer
      And Acme's allowance is read from the cache
      And the cache <is in trouble>
      When Acme books an expense
      Then Acme reads the allowance as it now is

      Examples:
        | is in trouble            |
        | has forgotten everything |
        | is lost                  |
        | hangs                    |
        | cannot be reached        |

    @gate @exclusive
    Scenario Outline: What was changed without the cache is read from it when it is back
      Given Acme is an Early customer
      And Acme's allowance is read from the cache
      And the cache <is in trouble>
      And Acme has booked an expense meanwhile
      When the cache is back
      Then Acme reads the allowance as it now is, from the cache

      Examples:
        | is in trouble            |
        | has forgotten everything |
        | is lost                  |
        | hangs                    |
        | cannot be reached        |

    @smoke
    Scenario: The cache shows each customer their own
      Given Acme is a Mid customer
      And Borealis is a Free customer
      When the allowances of Acme and Borealis are read from the cache in turn
      Then each has read their own allowance
