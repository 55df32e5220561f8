@business_data
Feature: A customer who signs up is found again
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let nobody lose an account, or get a second one by accident
  Value impact:     Customers log in from wherever they are and find what is theirs
  Strategic impact: One customer is one account, so what we count is what we sell

  @DBL-01 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: A customer signs up once and is found again

    @gate
    Scenario Outline: A customer who signed up is found again from elsewhere
      Given Acme is <a plan> customer
      When Acme logs in from elsewhere, with the address in other letters
      Then Acme is known there as the customer who signed up
      And the records hold Acme once

      Examples:
        | a plan        |
        | a Free        |
        | an Early      |
        | a Mid         |
        | an Enterprise |

    @smoke
    Scenario: An address that is taken cannot be taken again in other letters
      Given Acme is a Mid customer
      When Borealis signs up with Acme's address in other letters
      Then the sign-up is refused because the address is taken
      And the records hold Acme once
      And the records hold nothing of Borealis

    @gate
    Scenario Outline: An invitation makes one member, and only in time
      Given Acme is an Early customer
      When Ben of Acme accepts an invitation that <is spent>
      Then Ben of Acme is told that the invitation <is spent>
      And nobody has joined Acme by it

      Examples:
        | is spent                  |
        | has expired               |
        | has been accepted already |
